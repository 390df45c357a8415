import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { CURRENCY_SQL, FINITE_SQL, MONEY_SQL, YEARS_SQL } from '../platform/database/check-sql';
import { Movie } from './movie.entity';
import { Screen } from './screen.entity';
import { AppRights } from '../platform/database/app-rights';

/** A movie on a screen at a time. Seats are sold for it. */
@Entity('show')
@AppRights('SELECT')
@Check(
  'show_times',
  `${FINITE_SQL('starts_at', 'ends_at', 'sales_open_at', 'sales_close_at')} AND "ends_at" > "starts_at"
   AND "sales_close_at" > "sales_open_at" AND "sales_close_at" <= "ends_at"`,
)
@Check('show_years', YEARS_SQL('starts_at', 'ends_at', 'sales_open_at', 'sales_close_at'))
@Check('show_price', `${MONEY_SQL('price')} AND ${CURRENCY_SQL}`)
@Index('show_starts_at', ['startsAt', 'id'])
export class Show {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'show_pkey',
  })
  id: number;

  @ManyToOne(() => Movie, { nullable: false })
  @JoinColumn({ name: 'movie_id', foreignKeyConstraintName: 'show_movie_fkey' })
  movie: Movie;

  @Column({ type: 'integer', name: 'movie_id' }) movieId: number;

  @ManyToOne(() => Screen, { nullable: false })
  @JoinColumn({ name: 'screen_id', foreignKeyConstraintName: 'show_screen_fkey' })
  screen: Screen;

  @Column({ type: 'integer', name: 'screen_id' }) screenId: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'starts_at' }) startsAt: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'ends_at' }) endsAt: Date;

  /** Seats can be held and booked from `salesOpenAt` until just before `salesCloseAt`. */
  @Column({ type: 'timestamptz', precision: 3, name: 'sales_open_at' }) salesOpenAt: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'sales_close_at' }) salesCloseAt: Date;

  /** The price that the seats of the show get when they are made; a decimal string. */
  @Column({ type: 'numeric', precision: 12, scale: 2 }) price: string;

  /** ISO 4217. */
  @Column({ type: 'char', length: 3 }) currency: string;
}
