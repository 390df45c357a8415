import { MigrationInterface, QueryRunner } from 'typeorm';
import { replaceChecks } from './online';

const YEARS = (...columns: string[]) =>
  columns
    .map((column) => `"${column}" >= '0001-01-01 00:00:00+00' AND "${column}" < '10000-01-01 00:00:00+00'`)
    .join(' AND ');

/** What reads need: the steps of a show in the order in which they happened, and instants that answers can tell. */
export class Reading1795780000000 implements MigrationInterface {
  name = 'Reading1795780000000';
  /** CREATE INDEX CONCURRENTLY takes no transaction; each step can be done again. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    await replaceChecks(runner, 'show', {
      show_years: YEARS('starts_at', 'ends_at', 'sales_open_at', 'sales_close_at'),
    });
    // An earlier attempt may have left an invalid one.
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS "seat_transition_happened"');
    await runner.query(
      `CREATE INDEX CONCURRENTLY "seat_transition_happened" ON "seat_transition"
         ("show_id", (CASE "command" WHEN 'expire' THEN "hold_expires_at" ELSE "at" END))`,
    );
  }

  public async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "seat_transition_happened"');
    await runner.query('ALTER TABLE "show" DROP CONSTRAINT "show_years"');
  }
}
