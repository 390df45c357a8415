import type { DataSource } from 'typeorm';
import { seat } from './client';

let count = 0;

/** A show with rows A, B, … of numbered seats, on sale now; each costs `priceStep` more than the one before. Returns its id. */
export async function createShow(
  dataSource: DataSource,
  options: {
    rows?: number;
    seatsPerRow?: number;
    startsInMs?: number;
    opensInMs?: number;
    price?: string;
    priceStep?: string;
  } = {},
): Promise<number> {
  const {
    rows = 5,
    seatsPerRow = 10,
    startsInMs = 3_600_000,
    opensInMs = -3_600_000,
    price = '100.00',
    priceStep = '0',
  } = options;
  const name = `Screen ${++count} of ${process.pid}`;
  const [show] = await dataSource.query<{ id: number }[]>(
    `WITH movie AS (INSERT INTO movie (title, duration_minutes) VALUES ($1, 120) RETURNING id),
          screen AS (INSERT INTO screen (name, layout) VALUES ($1, '[]') RETURNING id)
     INSERT INTO show (movie_id, screen_id, starts_at, ends_at, sales_open_at, sales_close_at, price, currency)
     SELECT movie.id, screen.id, now() + $2 * interval '1 ms', now() + ($2 + 7200000) * interval '1 ms',
            now() + $3 * interval '1 ms', now() + $2 * interval '1 ms', $4::numeric, 'USD'
       FROM movie, screen RETURNING id`,
    [name, startsInMs, opensInMs, price],
  );
  await dataSource.query(
    `INSERT INTO seat (show_id, "row", number, price)
     SELECT $1, chr(64 + r), n, $4::numeric + $5::numeric * ((r - 1) * $3 + n - 1)
       FROM generate_series(1, $2) AS r, generate_series(1, $3) AS n`,
    [show!.id, rows, seatsPerRow, price, priceStep],
  );
  return show!.id;
}

/** Leaves no show and nothing of one: no hold of an earlier test lapses during a later one, nor is it verified with it. */
export async function closeHouse(dataSource: DataSource): Promise<void> {
  const tables = ['booking_seat', 'booking', 'seat_transition', 'seat', 'show', 'idempotency_record'];
  await dataSource.query(tables.map((table) => `DELETE FROM ${table}`).join('; '));
}

/** Moves the holds of seats into the past, ledger and all, so that they have lapsed: time without waiting. */
export async function lapse(dataSource: DataSource, showId: number, names: string[], agoMs = 1_000): Promise<void> {
  for (const { row, number } of names.map(seat)) {
    const [shift] = await dataSource.query<{ by: string }[]>(
      `SELECT (hold_expires_at - clock_timestamp() + $4 * interval '1 ms')::text AS by FROM seat
        WHERE show_id = $1 AND "row" = $2 AND number = $3 AND status = 'HELD'`,
      [showId, row, number, agoMs],
    );
    if (!shift) throw new Error(`${row}${number} is not held`);
    await dataSource.query(
      `UPDATE seat SET held_at = held_at - $4::interval, hold_expires_at = hold_expires_at - $4::interval
        WHERE show_id = $1 AND "row" = $2 AND number = $3`,
      [showId, row, number, shift.by],
    );
    await dataSource.query(
      `UPDATE seat_transition SET at = at - $4::interval, hold_expires_at = hold_expires_at - $4::interval
        WHERE show_id = $1 AND "row" = $2 AND number = $3`,
      [showId, row, number, shift.by],
    );
  }
}

/** Moves the end of a show's sales, to before now or behind it. */
export async function moveSalesEnd(dataSource: DataSource, showId: number, inMs: number): Promise<void> {
  await dataSource.query(`UPDATE show SET sales_close_at = clock_timestamp() + $2 * interval '1 ms' WHERE id = $1`, [
    showId,
    inMs,
  ]);
}
