import { Check, Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** A movie that shows show. */
@Entity('movie')
@AppRights('SELECT')
@Unique('movie_title_key', ['title'])
@Check('movie_values', `"title" <> '' AND "duration_minutes" > 0`)
export class Movie {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'movie_pkey',
  })
  id: number;

  @Column({ type: 'text' }) title: string;

  @Column({ type: 'integer', name: 'duration_minutes' }) durationMinutes: number;
}
