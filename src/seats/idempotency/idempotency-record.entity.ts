import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { StoredOutcome } from '../seat-command';
import { AppRights } from '../../platform/database/app-rights';

/** The first answer to a keyed command, written in the transaction of its effect. */
@Entity('idempotency_record')
@AppRights('SELECT', 'INSERT', 'DELETE')
@Index('idempotency_record_created_at', ['createdAt'])
export class IdempotencyRecord {
  /** 0 in the records of version 0.1, whose keys belonged to the holder alone. */
  @PrimaryColumn({ type: 'integer', name: 'show_id', default: 0, primaryKeyConstraintName: 'idempotency_record_pkey' })
  showId: number;

  @PrimaryColumn({
    type: 'text',
    name: 'holder_id',
    collation: 'C',
    primaryKeyConstraintName: 'idempotency_record_pkey',
  })
  holderId: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'idempotency_record_pkey' })
  key: string;

  /** Tells a retry from another request under the same key. */
  @Column({ type: 'bytea' }) fingerprint: Buffer;

  @Column({ type: 'json' }) outcome: StoredOutcome;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' }) createdAt: Date;
}
