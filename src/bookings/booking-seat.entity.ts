import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Booking } from './booking.entity';

/** A sold seat. The key is the last line of defence: the database itself refuses to sell a seat twice. */
@Entity('booking_seat')
@Index('booking_seat_booking', ['showId', 'bookingId'])
export class BookingSeat {
  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'booking_seat_pkey' })
  showId: number;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'booking_seat_pkey' })
  row: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'booking_seat_pkey' })
  number: number;

  @ManyToOne(() => Booking, { nullable: false })
  @JoinColumn([
    { name: 'show_id', referencedColumnName: 'showId', foreignKeyConstraintName: 'booking_seat_booking_fkey' },
    { name: 'booking_id', referencedColumnName: 'id', foreignKeyConstraintName: 'booking_seat_booking_fkey' },
  ])
  booking: Booking;

  @Column({ type: 'uuid', name: 'booking_id' })
  bookingId: string;

  @Column({ type: 'numeric', precision: 12, scale: 2 })
  price: string;
}
