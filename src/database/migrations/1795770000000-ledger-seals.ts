import { MigrationInterface, QueryRunner } from 'typeorm';
import { change } from './online';

/** Seals of what the app writes, and signed heads. Runs beside instances of the version before: those leave the seals null. */
export class LedgerSeals1795770000000 implements MigrationInterface {
  name = 'LedgerSeals1795770000000';
  /** A change that waits for its lock lets the others pass, which a transaction around all of them would not. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    for (const table of ['seat', 'seat_transition', 'booking', 'idempotency_record']) {
      await change(runner, `ALTER TABLE "${table}" ADD COLUMN IF NOT EXISTS "seal" bytea`);
    }
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "ledger_head" (
        "show_id" integer NOT NULL,
        "signed_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL,
        "steps" integer NOT NULL,
        "versions" json NOT NULL,
        "root" bytea NOT NULL,
        "unsealed_steps" integer,
        "unsealed_digest" bytea,
        "seal" bytea NOT NULL,
        CONSTRAINT "ledger_head_values" CHECK ("steps" >= 0 AND isfinite("signed_at")
          AND num_nulls("unsealed_steps", "unsealed_digest") IN (0, 2)),
        CONSTRAINT "ledger_head_pkey" PRIMARY KEY ("show_id"))`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "ledger_opening" (
        "id" smallint NOT NULL DEFAULT 1,
        "opened_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL,
        "unsealed_until" TIMESTAMP(3) WITH TIME ZONE NOT NULL,
        "is_closed" boolean NOT NULL DEFAULT false,
        "heads" integer NOT NULL DEFAULT 0,
        "seal" bytea NOT NULL,
        CONSTRAINT "ledger_opening_values" CHECK ("id" = 1 AND "heads" >= 0 AND "unsealed_until" >= "opened_at"),
        CONSTRAINT "ledger_opening_pkey" PRIMARY KEY ("id"))`);
  }

  /** Without the seals nobody could tell the rows from forged ones. */
  public down(): Promise<void> {
    return Promise.reject(new Error('This migration has no way back; restore a backup made before it.'));
  }
}
