import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';
import type { HeadVersions } from './ledger-head';

/** The last signed head of a show's ledger. Signing it again replaces it: there is one row a show. */
@Entity('ledger_head')
@AppRights('SELECT', 'INSERT', 'UPDATE')
@Check(
  'ledger_head_values',
  '"steps" >= 0 AND isfinite("signed_at") AND num_nulls("unsealed_steps", "unsealed_digest") IN (0, 2)',
)
export class LedgerHeadRecord {
  @PrimaryColumn({ type: 'integer', name: 'show_id', primaryKeyConstraintName: 'ledger_head_pkey' })
  showId: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'signed_at' }) signedAt: Date;

  /** How many steps it speaks of. */
  @Column({ type: 'integer' }) steps: number;

  /** Up to which version of each seat it speaks. */
  @Column({ type: 'json' }) versions: HeadVersions;

  /** A hash over the seats with these versions and the seals of their steps. */
  @Column({ type: 'bytea' }) root: Buffer;

  /** How many steps without a seal the show had when they stopped being lawful; null before that. */
  @Column({ type: 'integer', name: 'unsealed_steps', nullable: true }) unsealedSteps: number | null;

  /** A hash over those steps. */
  @Column({ type: 'bytea', name: 'unsealed_digest', nullable: true }) unsealedDigest: Buffer | null;

  @Column({ type: 'bytea' }) seal: Buffer;
}
