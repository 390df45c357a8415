import { MigrationInterface, QueryRunner } from 'typeorm';
import { change, replaceChecks, replacePrimaryKey } from './online';

/**
 * Stored answers in partitions, so that the old ones go at once. The table as it was becomes one of them, and the one that
 * rows without a slot go to: an instance of the version before writes and reads as it did, and sees the others' answers.
 */
export class IdempotencyPartitions1795750000000 implements MigrationInterface {
  name = 'IdempotencyPartitions1795750000000';
  /** CREATE INDEX CONCURRENTLY takes no transaction; each step can be done again. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    const [{ is_partitioned }] = await runner.manager.query<[{ is_partitioned: boolean }]>(
      `SELECT relkind = 'p' AS is_partitioned FROM pg_class WHERE oid = 'idempotency_record'::regclass`,
    );
    if (is_partitioned) return;
    // Known to hold for all rows, it spares the last step a look at each of them, during which the table would be closed.
    await replaceChecks(runner, 'idempotency_record', { idempotency_record_slot: '"slot" = -1' }, [
      'ADD COLUMN IF NOT EXISTS "slot" smallint NOT NULL DEFAULT -1',
    ]);
    await replacePrimaryKey(runner, 'idempotency_record', ['show_id', 'holder_id', 'key', 'slot']);
    // Several statements in one query are one transaction: nobody finds the table missing.
    await change(
      runner,
      `ALTER TABLE "idempotency_record" RENAME TO "idempotency_record_without_slot";
       ALTER INDEX "idempotency_record_pkey" RENAME TO "idempotency_record_without_slot_pkey";
       ALTER INDEX "idempotency_record_created_at" RENAME TO "idempotency_record_without_slot_created_at";
       CREATE TABLE "idempotency_record" (
         "created_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "show_id" integer NOT NULL DEFAULT '0',
         "slot" smallint NOT NULL DEFAULT '-1', "holder_id" text COLLATE "C" NOT NULL, "key" text COLLATE "C" NOT NULL,
         "fingerprint" bytea NOT NULL, "outcome" json NOT NULL,
         CONSTRAINT "idempotency_record_pkey" PRIMARY KEY ("show_id", "holder_id", "key", "slot")) PARTITION BY LIST ("slot");
       CREATE INDEX "idempotency_record_created_at" ON "idempotency_record" ("created_at");
       ALTER TABLE "idempotency_record" ATTACH PARTITION "idempotency_record_without_slot" FOR VALUES IN (-1);
       ALTER TABLE "idempotency_record_without_slot" DROP CONSTRAINT "idempotency_record_slot";
       CREATE TABLE "idempotency_record_0" PARTITION OF "idempotency_record" FOR VALUES IN (0);
       CREATE TABLE "idempotency_record_1" PARTITION OF "idempotency_record" FOR VALUES IN (1);
       CREATE TABLE "idempotency_record_2" PARTITION OF "idempotency_record" FOR VALUES IN (2)`,
    );
  }

  /** Rows that share a key in two slots would not fit into one table. */
  public down(): Promise<void> {
    return Promise.reject(new Error('This migration has no way back; restore a backup made before it.'));
  }
}
