import type { DataSource, EntityManager } from 'typeorm';
import { createShows, ensureMovie, ensureScreen, readClock, rectangularLayout } from '../../src/shows/show-creation';
import { until } from '../../proof/kit/until';
import { seat } from './client';

/** The id of no show. */
export const NO_SHOW = 2_147_483_647;

let count = 0;

const HOUR_MS = 3_600_000;

export interface ShowOptions {
  readonly rows?: number;
  readonly seatsPerRow?: number;
  readonly startsInMs?: number;
  readonly opensInMs?: number;
  readonly price?: string;
  /** By how much each seat costs more than the one before. */
  readonly priceStep?: string;
}

/** A show with rows A, B, … of numbered seats, on sale now. Returns its id. */
export async function createShow(dataSource: DataSource, options: ShowOptions = {}): Promise<number> {
  const [id] = await dataSource.transaction((manager) => createAlike(manager, 1, options));
  return id!;
}

/** As many shows on one screen. Returns their ids. */
export async function createAlike(manager: EntityManager, shows: number, options: ShowOptions): Promise<number[]> {
  const { rows = 5, seatsPerRow = 10, startsInMs = HOUR_MS, opensInMs = -HOUR_MS, price = '100.00' } = options;
  const name = `Screen ${++count} of ${process.pid}`;
  const { thing: movie } = await ensureMovie(manager, { title: name, durationMinutes: 120 });
  const { thing: screen } = await ensureScreen(manager, { name, layout: rectangularLayout(rows, seatsPerRow) });
  const nowMs = (await readClock(manager)).getTime();
  const startsAt = new Date(nowMs + startsInMs);
  const show = { movieId: movie.id, screenId: screen.id, startsAt, price, currency: 'USD' };
  const ids = await createShows(manager, Array(shows).fill(show), new Date(nowMs + opensInMs));
  await manager.query(
    `UPDATE seat SET price = price + $2::numeric * ((ascii("row") - 65) * $3 + number - 1) WHERE show_id = ANY($1)`,
    [options.priceStep === undefined ? [] : ids, options.priceStep ?? '0', seatsPerRow],
  );
  return ids;
}

/**
 * Removes all shows with all that belongs to them, so that no hold of an earlier test lapses or is verified in a later
 * one.
 */
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

/** Waits until an instant is over by the database's clock. */
export function untilPast(dataSource: DataSource, instant: string): Promise<void> {
  return until(async () => {
    const [{ isPast }] = await dataSource.query('SELECT clock_timestamp() > $1::timestamptz AS "isPast"', [instant]);
    return isPast;
  });
}
