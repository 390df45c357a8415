import { Check, Column, Entity, Index, JoinColumn, ManyToOne, OneToMany, PrimaryColumn } from 'typeorm';
import { CURRENCY_SQL, FINITE_SQL, MONEY_SQL } from '../platform/database/check-sql';
import { Show } from '../shows/show.entity';
import type { BookingSeat } from './booking-seat.entity';
import { AppRights } from '../platform/database/app-rights';

/** A sale. Written in the transaction that makes its seats BOOKED. */
@Entity('booking')
@AppRights('SELECT', 'INSERT')
@Index('booking_holder', ['holderId', 'bookedAt', 'id'])
@Index('booking_reference', ['showId', 'reference'], { unique: true })
@Check(
  'booking_values',
  `${MONEY_SQL('total_paid')} AND ${CURRENCY_SQL} AND ${FINITE_SQL('booked_at')}
   AND ("cancelled_at" IS NULL OR (isfinite("cancelled_at") AND "cancelled_at" >= "booked_at"))`,
)
export class Booking {
  @ManyToOne(() => Show, { nullable: false })
  @JoinColumn({ name: 'show_id', foreignKeyConstraintName: 'booking_show_fkey' })
  show: Show;

  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'booking_pkey' })
  showId: number;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'booking_pkey' }) id: string;

  /** What a person reads out at the counter. */
  @Column({ type: 'text' }) reference: string;

  @Column({ type: 'text', name: 'holder_id', collation: 'C' }) holderId: string;

  @Column({ type: 'numeric', precision: 14, scale: 2, name: 'total_paid' }) totalPaid: string;

  @Column({ type: 'char', length: 3 }) currency: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'booked_at' }) bookedAt: Date;

  /** Null as long as the sale stands. */
  @Column({ type: 'timestamptz', precision: 3, name: 'cancelled_at', nullable: true })
  cancelledAt: Date | null;

  /** Proves that the app wrote the booking and its seats. Null in the rows of versions that sealed nothing. */
  @Column({ type: 'bytea', nullable: true }) seal: Buffer | null;

  @OneToMany('BookingSeat', 'booking') seats: BookingSeat[];
}
