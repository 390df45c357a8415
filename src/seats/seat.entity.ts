import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Show } from '../shows/show.entity';
import { MONEY_SQL, ROW_SQL } from '../platform/database/check-sql';
import { SEAT_STATUSES } from './seat-transitions';
import type { GivenUpHold, SeatStatus } from './seat-transitions';
import { AppRights } from '../platform/database/app-rights';

/**
 * A seat of a show, as stored. Only `SeatStateMachine` writes its status. The checks repeat in the database what the
 * state machine keeps: which columns go with which status.
 */
@Entity('seat')
@AppRights('SELECT', 'UPDATE')
@Check('seat_status', `"status" IN (${SEAT_STATUSES.map((status) => `'${status}'`).join(', ')})`)
@Check(
  'seat_columns_fit_status',
  `CASE "status"
    WHEN 'HELD' THEN num_nulls("holder_id", "held_at", "hold_expires_at", "hold_slot") = 0 AND "booking_id" IS NULL
    WHEN 'BOOKED' THEN num_nulls("holder_id", "booking_id") = 0 AND num_nonnulls("hold_expires_at", "hold_slot") = 0
    ELSE num_nonnulls("holder_id", "held_at", "hold_expires_at", "hold_slot", "booking_id") = 0
  END`,
)
@Check('seat_version', '"version" >= 0')
@Check('seat_name', `${ROW_SQL} AND "number" >= 1`)
@Check('seat_price', `${MONEY_SQL('price')} AND ("hold_price" IS NULL OR ${MONEY_SQL('hold_price')})`)
@Check(
  'seat_hold_times',
  `("held_at" IS NULL OR isfinite("held_at")) AND ("hold_expires_at" IS NULL OR (isfinite("hold_expires_at") AND "hold_expires_at" > "held_at"))`,
)
// Finds lapsed holds for the sweep.
@Index('seat_hold_deadline', ['holdExpiresAt'], { where: `"status" = 'HELD'` })
// Finds a holder's holds, and makes the limit on them exact: a slot can be taken once.
@Index('seat_hold_slot', ['showId', 'holderId', 'holdSlot'], { unique: true, where: `"status" = 'HELD'` })
// Finds the seats that a holder has booked: the limit counts them.
@Index('seat_booked_holder', ['showId', 'holderId'], { where: `"status" = 'BOOKED'` })
// Find the holds that count for an address, and for the network around it.
@Index('seat_hold_address', ['showId', 'addressKey', 'holdExpiresAt'], {
  where: `"status" = 'HELD' AND "address_key" IS NOT NULL`,
})
@Index('seat_hold_network', ['showId', 'networkKey', 'holdExpiresAt'], {
  where: `"status" = 'HELD' AND "network_key" IS NOT NULL`,
})
export class Seat {
  @ManyToOne(() => Show, { nullable: false })
  @JoinColumn({ name: 'show_id', foreignKeyConstraintName: 'seat_show_fkey' })
  show: Show;

  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'seat_pkey' })
  showId: number;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'seat_pkey' })
  row: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'seat_pkey' }) number: number;

  @Column({ type: 'text', default: 'AVAILABLE' }) status: SeatStatus;

  /** Counts the stored transitions. */
  @Column({ type: 'integer', default: 0 }) version: number;

  /** Which of the show's prices the seat has. */
  @Column({ type: 'text', default: 'standard' }) category: string;

  /** What a hold made now would cost. */
  @Column({ type: 'numeric', precision: 12, scale: 2 }) price: string;

  /** What the hold froze, and the booking charged. Null on holds of version 0.1. */
  @Column({ type: 'numeric', precision: 12, scale: 2, name: 'hold_price', nullable: true })
  holdPrice: string | null;

  /** The holder of the hold or the booking. */
  @Column({ type: 'text', name: 'holder_id', nullable: true, collation: 'C' })
  holderId: string | null;

  /** When the hold began; a booked seat keeps it. */
  @Column({ type: 'timestamptz', precision: 3, name: 'held_at', nullable: true })
  heldAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'hold_expires_at', nullable: true })
  holdExpiresAt: Date | null;

  /** Which of the holder's places in this show the hold takes. */
  @Column({ type: 'smallint', name: 'hold_slot', nullable: true }) holdSlot: number | null;

  @Column({ type: 'uuid', name: 'booking_id', nullable: true }) bookingId: string | null;

  /** A keyed hash of the show and of the address that the hold counts for; gone with the hold. */
  @Column({ type: 'bigint', name: 'address_key', nullable: true }) addressKey: string | null;

  /** The same of the network around the address. */
  @Column({ type: 'bigint', name: 'network_key', nullable: true }) networkKey: string | null;

  /** The holds that were given up of late, for the cool-down. */
  @Column({ type: 'jsonb', name: 'given_up', nullable: true }) givenUp: readonly GivenUpHold[] | null;
  /** That of its last sealed step, which the seal of the next one builds on. */
  @Column({ type: 'bytea', nullable: true }) seal: Buffer | null;
}
