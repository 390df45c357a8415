import { MigrationInterface, QueryRunner } from 'typeorm';
import { change } from './online';

/**
 * What the limits of seats count by. Instances of the version before leave the new columns as they are: a hold that such an
 * instance takes over may count for another address until it ends.
 */
export class SeatLimits1795760000000 implements MigrationInterface {
  name = 'SeatLimits1795760000000';
  /** CREATE INDEX CONCURRENTLY takes no transaction; each step can be done again. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    await change(
      runner,
      `ALTER TABLE "seat" ADD COLUMN IF NOT EXISTS "address_key" bigint, ADD COLUMN IF NOT EXISTS "network_key" bigint,
        ADD COLUMN IF NOT EXISTS "given_up" jsonb`,
    );
    await createIndex(runner, 'seat_booked_holder', `("show_id", "holder_id") WHERE "status" = 'BOOKED'`);
    await createIndex(
      runner,
      'seat_hold_address',
      `("show_id", "address_key", "hold_expires_at") WHERE "status" = 'HELD' AND "address_key" IS NOT NULL`,
    );
    await createIndex(
      runner,
      'seat_hold_network',
      `("show_id", "network_key", "hold_expires_at") WHERE "status" = 'HELD' AND "network_key" IS NOT NULL`,
    );
  }

  public async down(runner: QueryRunner): Promise<void> {
    await change(
      runner,
      'ALTER TABLE "seat" DROP COLUMN "address_key", DROP COLUMN "network_key", DROP COLUMN "given_up"',
    );
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS "seat_booked_holder"');
  }
}

async function createIndex(runner: QueryRunner, name: string, on: string): Promise<void> {
  // An earlier attempt may have left an invalid one.
  await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS "${name}"`);
  await runner.query(`CREATE INDEX CONCURRENTLY "${name}" ON "seat" ${on}`);
}
