import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { AppRights, PartitionRights } from '../../platform/database/app-rights';
import { PARTITIONS } from './partitions';
import type { WrittenOutcome } from './written-outcome';

/** The first answer to a keyed command, written in the transaction of its effect. In partitions, see `partitions.ts`. */
@Entity('idempotency_record')
@AppRights('SELECT', 'INSERT', 'UPDATE')
@PartitionRights(PARTITIONS, 'TRUNCATE')
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

  /** The partition; that of rows of version 0.1 by default. */
  @PrimaryColumn({ type: 'smallint', default: -1, primaryKeyConstraintName: 'idempotency_record_pkey' })
  slot: number;

  /** Tells a retry from another request under the same key. */
  @Column({ type: 'bytea' }) fingerprint: Buffer;

  @Column({ type: 'json' }) outcome: WrittenOutcome;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at' }) createdAt: Date;

  /** Proves that the app wrote it. Null in the rows of versions that sealed nothing. */
  @Column({ type: 'bytea', nullable: true }) seal: Buffer | null;
}
