import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** Since when this database has sealed steps, and until when it may have others. One row. */
@Entity('ledger_opening')
@AppRights('SELECT', 'INSERT', 'UPDATE')
@Check('ledger_opening_values', '"id" = 1 AND "heads" >= 0 AND "unsealed_until" >= "opened_at"')
export class LedgerOpeningRecord {
  @PrimaryColumn({ type: 'smallint', default: 1, primaryKeyConstraintName: 'ledger_opening_pkey' })
  id: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'opened_at' }) openedAt: Date;

  /** No step from then on may be without a seal: instances of versions that sealed nothing are gone. */
  @Column({ type: 'timestamptz', precision: 3, name: 'unsealed_until' }) unsealedUntil: Date;

  /** Whether the heads of all shows have counted the steps without a seal, so that not one more is lawful. */
  @Column({ type: 'boolean', default: false, name: 'is_closed' }) isClosed: boolean;

  /** How many shows have a head. */
  @Column({ type: 'integer', default: 0 }) heads: number;

  @Column({ type: 'bytea' }) seal: Buffer;
}
