import { MigrationInterface, QueryRunner } from 'typeorm';
import { change, replaceChecks, replacePrimaryKey } from './online';

const ROW = `"row" ~ '^[^\\u0001-/:-@\\[-\`{-\\u00a9\\u2000-\\u206f\\u3000\\ufeff]{1,8}(-[^\\u0001-/:-@\\[-\`{-\\u00a9\\u2000-\\u206f\\u3000\\ufeff]{1,8})?$'`;
const money = (column: string) => `"${column}" >= 0 AND "${column}" <> 'NaN'`;
const CURRENCY = `"currency" ~ '^[A-Z]{3}$'`;

/**
 * The columns that blocks, prices, actors and cancelled bookings need, and checks of what no answer could tell. Runs beside
 * instances of the version before: what those write is allowed by every check.
 */
export class ColumnsAndChecks1795700000000 implements MigrationInterface {
  name = 'ColumnsAndChecks1795700000000';
  /** CREATE INDEX CONCURRENTLY takes no transaction; each step can be done again. */
  transaction = false;

  public async up(runner: QueryRunner): Promise<void> {
    await replaceChecks(runner, 'movie', { movie_values: `"title" <> '' AND "duration_minutes" > 0` });
    await replaceChecks(runner, 'show', {
      show_times: `isfinite("starts_at") AND isfinite("ends_at") AND isfinite("sales_open_at") AND isfinite("sales_close_at")
        AND "ends_at" > "starts_at" AND "sales_close_at" > "sales_open_at" AND "sales_close_at" <= "ends_at"`,
      show_price: `${money('price')} AND ${CURRENCY}`,
    });
    await replaceChecks(runner, 'user', { user_role: `"role" IN ('user', 'admin')` });
    await replaceChecks(
      runner,
      'seat',
      {
        seat_status: `"status" IN ('AVAILABLE', 'HELD', 'BOOKED', 'BLOCKED')`,
        seat_columns_fit_status: `CASE "status"
          WHEN 'HELD' THEN num_nulls("holder_id", "held_at", "hold_expires_at", "hold_slot") = 0 AND "booking_id" IS NULL
          WHEN 'BOOKED' THEN num_nulls("holder_id", "booking_id") = 0 AND num_nonnulls("hold_expires_at", "hold_slot") = 0
          ELSE num_nonnulls("holder_id", "held_at", "hold_expires_at", "hold_slot", "booking_id") = 0
        END`,
        seat_name: `${ROW} AND "number" >= 1`,
        seat_price: `${money('price')} AND ("hold_price" IS NULL OR ${money('hold_price')})`,
        seat_hold_times: `("held_at" IS NULL OR isfinite("held_at"))
          AND ("hold_expires_at" IS NULL OR (isfinite("hold_expires_at") AND "hold_expires_at" > "held_at"))`,
      },
      [
        `ADD COLUMN IF NOT EXISTS "category" text NOT NULL DEFAULT 'standard'`,
        `ADD COLUMN IF NOT EXISTS "hold_price" numeric(12,2)`,
      ],
    );
    await replaceChecks(
      runner,
      'seat_transition',
      {
        seat_transition_legal: `("command", "from_status", "to_status") IN (('hold', 'AVAILABLE', 'HELD'),
          ('book', 'HELD', 'BOOKED'), ('release', 'HELD', 'AVAILABLE'), ('expire', 'HELD', 'AVAILABLE'),
          ('block', 'AVAILABLE', 'BLOCKED'), ('unblock', 'BLOCKED', 'AVAILABLE'))`,
        seat_transition_columns: `CASE "command"
          WHEN 'hold' THEN num_nulls("holder_id", "hold_expires_at") = 0 AND num_nonnulls("reason", "booking_id") = 0
          WHEN 'book' THEN num_nulls("holder_id", "hold_expires_at", "booking_id") = 0 AND num_nonnulls("reason") = 0
          WHEN 'release' THEN num_nulls("holder_id", "hold_expires_at") = 0 AND num_nonnulls("reason", "booking_id", "price") = 0
          WHEN 'expire' THEN num_nulls("holder_id", "hold_expires_at") = 0
            AND num_nonnulls("actor_id", "reason", "booking_id", "price") = 0
          WHEN 'block' THEN num_nulls("actor_id", "reason") = 0
            AND num_nonnulls("holder_id", "hold_expires_at", "booking_id", "price") = 0
          WHEN 'unblock' THEN num_nulls("actor_id") = 0
            AND num_nonnulls("holder_id", "hold_expires_at", "booking_id", "price") = 0
        END`,
        seat_transition_values: `"version" >= 1 AND isfinite("at") AND ("price" IS NULL OR ${money('price')})`,
      },
      [
        'ALTER COLUMN "holder_id" DROP NOT NULL',
        'ALTER COLUMN "hold_expires_at" DROP NOT NULL',
        'ADD COLUMN IF NOT EXISTS "actor_id" text COLLATE "C"',
        'ADD COLUMN IF NOT EXISTS "reason" text',
        'ADD COLUMN IF NOT EXISTS "price" numeric(12,2)',
      ],
    );
    await replaceChecks(
      runner,
      'booking',
      {
        booking_values: `${money('total_paid')} AND ${CURRENCY} AND isfinite("booked_at")
          AND ("cancelled_at" IS NULL OR (isfinite("cancelled_at") AND "cancelled_at" >= "booked_at"))`,
      },
      ['ADD COLUMN IF NOT EXISTS "cancelled_at" TIMESTAMP(3) WITH TIME ZONE'],
    );
    await replaceChecks(runner, 'booking_seat', { booking_seat_price: money('price') }, [
      'ADD COLUMN IF NOT EXISTS "cancelled_at" TIMESTAMP(3) WITH TIME ZONE',
    ]);
    // The old key goes only once the new index guards against a second sale.
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS "booking_seat_sold"');
    await runner.query(
      'CREATE UNIQUE INDEX CONCURRENTLY "booking_seat_sold" ON "booking_seat" ("show_id", "row", "number") WHERE "cancelled_at" IS NULL',
    );
    await replacePrimaryKey(runner, 'booking_seat', ['show_id', 'booking_id', 'row', 'number']);
    await change(runner, 'DROP INDEX IF EXISTS "booking_seat_booking"');

    await change(
      runner,
      'ALTER TABLE "idempotency_record" ADD COLUMN IF NOT EXISTS "show_id" integer NOT NULL DEFAULT 0',
    );
    await replacePrimaryKey(runner, 'idempotency_record', ['show_id', 'holder_id', 'key']);

    // Seats as they are to every reader, and the one place that says what lapsed means. Whose hold it was, and until when,
    // is told of a lapsed one as well.
    await runner.query(`
      CREATE OR REPLACE VIEW "seat_now" AS
      SELECT seat.show_id, seat."row", seat.number, CASE WHEN lapsed THEN 'AVAILABLE' ELSE seat.status END AS status,
             seat.version + lapsed::int AS version, seat.category, seat.price, seat.holder_id, seat.hold_expires_at, lapsed
        FROM seat
       CROSS JOIN LATERAL (SELECT seat.status = 'HELD' AND seat.hold_expires_at <= statement_timestamp() AS lapsed) AS at`);
  }

  /** Rows written since use the new columns: dropping those would lose what the rows say. */
  public down(): Promise<void> {
    return Promise.reject(new Error('This migration has no way back; restore a backup made before it.'));
  }
}
