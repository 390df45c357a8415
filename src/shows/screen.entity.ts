import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** One row of a screen's seat layout: seats 1 to `seats`. */
export interface LayoutRow {
  row: string;
  seats: number;
}

/** A hall, with the layout its shows' seats are made from. */
@Entity('screen')
@AppRights('SELECT')
@Unique('screen_name_key', ['name'])
export class Screen {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'screen_pkey',
  })
  id: number;

  @Column({ type: 'text' }) name: string;

  @Column({ type: 'jsonb' }) layout: LayoutRow[];
}
