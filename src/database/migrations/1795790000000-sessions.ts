import { MigrationInterface, QueryRunner } from 'typeorm';
import { change } from './online';

const INSTANT = 'TIMESTAMP(3) WITH TIME ZONE';

/** Sessions with refresh tokens, withdrawn access tokens, and guests that became users. */
export class Sessions1795790000000 implements MigrationInterface {
  name = 'Sessions1795790000000';
  /** So that waiting for the table of users keeps no lock, and each step can be done again. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    await change(runner, 'ALTER TABLE "user" ADD COLUMN IF NOT EXISTS "token_version" integer NOT NULL DEFAULT 0');
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "session" ("id" uuid NOT NULL, "holder_id" text COLLATE "C" NOT NULL, "rotation" integer NOT NULL,
        "rotated_at" ${INSTANT} NOT NULL, "expires_at" ${INSTANT} NOT NULL, "ended_at" ${INSTANT},
        CONSTRAINT "session_pkey" PRIMARY KEY ("id"))`);
    await runner.query('CREATE INDEX IF NOT EXISTS "session_holder" ON "session" ("holder_id", "rotated_at")');
    await runner.query('CREATE INDEX IF NOT EXISTS "session_expires_at" ON "session" ("expires_at")');
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "token_revocation" ("subject" text COLLATE "C" NOT NULL, "min_version" integer NOT NULL,
        "revoked_at" ${INSTANT} NOT NULL, "expires_at" ${INSTANT} NOT NULL,
        CONSTRAINT "token_revocation_pkey" PRIMARY KEY ("subject"))`);
    await runner.query('CREATE INDEX IF NOT EXISTS "token_revocation_revoked_at" ON "token_revocation" ("revoked_at")');
    await runner.query('CREATE INDEX IF NOT EXISTS "token_revocation_expires_at" ON "token_revocation" ("expires_at")');
    await runner.query(`
      CREATE TABLE IF NOT EXISTS "guest_takeover" ("guest_id" text COLLATE "C" NOT NULL, "holder_id" text COLLATE "C" NOT NULL,
        "taken_at" ${INSTANT} NOT NULL, CONSTRAINT "guest_takeover_pkey" PRIMARY KEY ("guest_id"))`);
    await runner.query('CREATE INDEX IF NOT EXISTS "guest_takeover_holder" ON "guest_takeover" ("holder_id")');
  }

  public async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "guest_takeover", "token_revocation", "session"');
    await runner.query('ALTER TABLE "user" DROP COLUMN "token_version"');
  }
}
