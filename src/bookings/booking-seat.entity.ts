import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { MONEY_SQL } from '../platform/database/check-sql';
import { Booking } from './booking.entity';
import { AppRights } from '../platform/database/app-rights';

/** A sold seat. The unique index is the last line of defence: the database itself refuses to sell a seat twice. */
@Entity('booking_seat')
@AppRights('SELECT', 'INSERT')
@Index('booking_seat_sold', ['showId', 'row', 'number'], { unique: true, where: '"cancelled_at" IS NULL' })
@Check('booking_seat_price', MONEY_SQL('price'))
export class BookingSeat {
  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'booking_seat_pkey' })
  showId: number;

  @PrimaryColumn({ type: 'uuid', name: 'booking_id', primaryKeyConstraintName: 'booking_seat_pkey' })
  bookingId: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'booking_seat_pkey' })
  row: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'booking_seat_pkey' }) number: number;

  @ManyToOne(() => Booking, (booking) => booking.seats, { nullable: false })
  @JoinColumn([
    { name: 'show_id', referencedColumnName: 'showId', foreignKeyConstraintName: 'booking_seat_booking_fkey' },
    { name: 'booking_id', referencedColumnName: 'id', foreignKeyConstraintName: 'booking_seat_booking_fkey' },
  ])
  booking: Booking;

  @Column({ type: 'numeric', precision: 12, scale: 2 }) price: string;

  /** Null as long as the booking stands; the seat can be sold again from then on. */
  @Column({ type: 'timestamptz', precision: 3, name: 'cancelled_at', nullable: true })
  cancelledAt: Date | null;
}
