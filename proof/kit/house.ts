import { migrate } from '../../src/platform/database/migrate';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { addLoadTestShows } from '../../src/shows/load-test-shows';
import { openDataSource } from './database-server';

/** How many shows, each with how many rows and seats in a row. */
export interface HouseSize {
  readonly shows: number;
  readonly rows: number;
  readonly seatsPerRow: number;
}

/** A database with shows. */
export interface House {
  readonly url: string;
  /** For each part of the plan. */
  readonly showIds: readonly (readonly number[])[];
}

/** Brings a database's schema up to date, and makes the shows of a plan in it. */
export async function prepareHouse(url: string, plan: readonly HouseSize[]): Promise<House> {
  const dataSource = await openDataSource(url);
  try {
    await migrate(dataSource);
    const showIds: number[][] = [];
    await onMaintenanceConnection(dataSource, async (runner) => {
      for (const part of plan) showIds.push((await addLoadTestShows(runner, part)).showIds);
    });
    return { url, showIds };
  } finally {
    await dataSource.destroy();
  }
}

/** Writes a long ledger for every seat of a show, as if each had been held and had lapsed again and again until now. */
export async function lengthenLedger(
  query: (sql: string, values: unknown[]) => Promise<unknown>,
  showId: number,
  stepsPerSeat: number,
): Promise<void> {
  await query(
    `INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status, holder_id, actor_id, hold_expires_at, at)
     SELECT show_id, "row", number, version,
            CASE version % 2 WHEN 1 THEN 'hold' ELSE 'expire' END,
            CASE version % 2 WHEN 1 THEN 'AVAILABLE' ELSE 'HELD' END,
            CASE version % 2 WHEN 1 THEN 'HELD' ELSE 'AVAILABLE' END,
            'guest:g', CASE version % 2 WHEN 1 THEN 'guest:g' END,
            now() - interval '1 day' + (version + 1) / 2 * interval '1 second',
            now() - interval '1 day' + version * interval '500 ms'
       FROM (SELECT show_id, "row", number FROM seat WHERE show_id = $1) AS seat, generate_series(1, $2) AS version`,
    [showId, stepsPerSeat],
  );
}
