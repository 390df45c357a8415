import type { QueryRunner } from 'typeorm';
import {
  createShows,
  ensureMovie,
  ensureScreen,
  readClock,
  rectangularLayout,
  roundUp,
  seatsOf,
} from './show-creation';

const HOUR_MS = 60 * 60 * 1_000;
const STARTS_IN_MS = 24 * HOUR_MS;
/** Enough for speed, and few enough for a progress bar to move. */
const SEATS_PER_TRANSACTION = 20_000;

export interface LoadTestShows {
  readonly showIds: number[];
  /** Seats of all of them together. */
  readonly seats: number;
}

/**
 * Adds shows for a load test, on sale at once and for a day or more, on a screen of their own. Each show is complete or not
 * there; those made before a failure stay.
 *
 * @param runner of a connection that is closed afterwards: its planner settings are changed
 * @param onProgress is told how many seats there are so far
 */
export async function addLoadTestShows(
  runner: QueryRunner,
  options: { shows: number; rows: number; seatsPerRow: number },
  onProgress: (seats: number) => void = () => undefined,
): Promise<LoadTestShows> {
  const { manager } = runner;
  // The plan of a foreign key's check is made once a connection. One made for a handful of shows would read all of them for
  // each seat, however many there are by then.
  await runner.query('SET enable_seqscan = off');
  const { thing: movie } = await ensureMovie(manager, { title: 'Load test', durationMinutes: 120 });
  const { thing: screen } = await ensureScreen(manager, {
    name: `Load test ${options.rows} × ${options.seatsPerRow}`,
    layout: rectangularLayout(options.rows, options.seatsPerRow),
  });
  const seatsPerShow = seatsOf(screen.layout);
  const showsPerTransaction = Math.max(1, Math.floor(SEATS_PER_TRANSACTION / seatsPerShow));

  const now = await readClock(manager);
  const show = {
    movieId: movie.id,
    screenId: screen.id,
    startsAt: roundUp(new Date(now.getTime() + STARTS_IN_MS), HOUR_MS),
    price: '100.00',
    currency: 'USD',
  };
  const showIds: number[] = [];
  while (showIds.length < options.shows) {
    const count = Math.min(showsPerTransaction, options.shows - showIds.length);
    const ids = await manager.transaction((own) =>
      createShows(
        own,
        Array.from({ length: count }, () => show),
        now,
      ),
    );
    // Not spread into push(): its arguments travel on the stack.
    for (const id of ids) showIds.push(id);
    onProgress(showIds.length * seatsPerShow);
  }
  // Plans made before autovacuum comes by would be those for empty tables.
  await manager.query('ANALYZE movie, screen, show, seat');
  return { showIds, seats: showIds.length * seatsPerShow };
}
