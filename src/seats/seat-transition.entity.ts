import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { SeatCommandName, SeatStatus } from './seat-transitions';

/**
 * The ledger: one row for each stored step of a seat, append-only, written in the step's own transaction. Its key is a
 * second guard against lost locks: two transactions that both think a seat is at version n can't both commit.
 *
 * There is no foreign key to the seat: it would cost a look-up and a lock for every step, and `verify` proves more.
 */
@Entity('seat_transition')
@Check(
  'seat_transition_legal',
  `("command", "from_status", "to_status") IN (('hold', 'AVAILABLE', 'HELD'), ('book', 'HELD', 'BOOKED'), ('release', 'HELD', 'AVAILABLE'), ('expire', 'HELD', 'AVAILABLE'))`,
)
export class SeatTransitionRecord {
  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'seat_transition_pkey' })
  showId: number;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'seat_transition_pkey' })
  row: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'seat_transition_pkey' })
  number: number;

  /** The seat's version after the step. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'seat_transition_pkey' })
  version: number;

  @Column({ type: 'text' })
  command: SeatCommandName;

  @Column({ type: 'text', name: 'from_status' })
  fromStatus: SeatStatus;

  @Column({ type: 'text', name: 'to_status' })
  toStatus: SeatStatus;

  /** Whose hold or booking the step made or ended. */
  @Column({ type: 'text', name: 'holder_id', collation: 'C' })
  holderId: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'hold_expires_at' })
  holdExpiresAt: Date;

  @Column({ type: 'uuid', name: 'booking_id', nullable: true })
  bookingId: string | null;

  /** The database's clock, read after the locks. */
  @Column({ type: 'timestamptz', precision: 3 })
  at: Date;
}
