import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { StoredOutcome } from '../seat-command';

/** The first answer to a keyed command, written in the transaction of its effect. */
@Entity('idempotency_record')
@Index('idempotency_record_created_at', ['createdAt'])
export class IdempotencyRecord {
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
  @Column({ type: 'bytea' })
  fingerprint: Buffer;

  @Column({ type: 'json' })
  outcome: StoredOutcome;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt: Date;
}
