import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { MONEY_SQL } from '../platform/database/check-sql';
import { ledgerColumnsSql, legalStepsSql } from './commands/registry';
import type { SeatCommandName } from './commands/registry';
import type { SeatStatus } from './seat-transitions';
import { AppRights } from '../platform/database/app-rights';

/**
 * The ledger: one row for each stored step of a seat, append-only, written in the step's own transaction. Its key is a
 * second guard against lost locks: two transactions that both think a seat is at version n can't both commit.
 *
 * There is no foreign key to the seat: it would cost a look-up and a lock for every step, and `verify` proves more.
 */
@Entity('seat_transition')
@AppRights('SELECT', 'INSERT')
@Check('seat_transition_legal', legalStepsSql())
@Check('seat_transition_columns', ledgerColumnsSql())
// Over an expression, which TypeORM can't say; see the migration.
@Index('seat_transition_happened', { synchronize: false })
@Check('seat_transition_values', `"version" >= 1 AND isfinite("at") AND ("price" IS NULL OR ${MONEY_SQL('price')})`)
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

  @Column({ type: 'text' }) command: SeatCommandName;

  @Column({ type: 'text', name: 'from_status' }) fromStatus: SeatStatus;

  @Column({ type: 'text', name: 'to_status' }) toStatus: SeatStatus;

  /** Whose hold or booking the step made or ended. */
  @Column({ type: 'text', name: 'holder_id', collation: 'C', nullable: true })
  holderId: string | null;

  /** The person or program that took the step; null where a hold lapsed by itself, and in the rows of version 0.1. */
  @Column({ type: 'text', name: 'actor_id', collation: 'C', nullable: true })
  actorId: string | null;

  /** Why, where the command asks for a reason. */
  @Column({ type: 'text', nullable: true }) reason: string | null;

  @Column({ type: 'timestamptz', precision: 3, name: 'hold_expires_at', nullable: true })
  holdExpiresAt: Date | null;

  @Column({ type: 'uuid', name: 'booking_id', nullable: true }) bookingId: string | null;

  /** What the step froze or charged; null in the rows of version 0.1. */
  @Column({ type: 'numeric', precision: 12, scale: 2, nullable: true }) price: string | null;

  /** The database's clock, read after the locks. */
  @Column({ type: 'timestamptz', precision: 3 }) at: Date;

  /**
   * Proves that the app wrote the row, and behind which one: the id of the key and the HMAC. Null in the rows of versions
   * that sealed nothing.
   */
  @Column({ type: 'bytea', nullable: true }) seal: Buffer | null;
}
