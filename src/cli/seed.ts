import type { DataSource } from 'typeorm';
import { onMaintenanceConnection } from '../platform/database/maintenance';
import { addLoadTestShows, LoadTestShows } from '../shows/load-test-shows';
import { parseArguments, runCommand, withDatabase } from './command';
import { Demo, DEMO_PASSWORD, DEMO_USERNAME, ensureDemo, isOnThisMachine } from './demo';
import { LoadTestSize, loadTestSize } from './load-test-size';
import { count, ProgressBar } from './progress-bar';

const HELP = `Makes the demo data that is missing, and new demo shows in place of those that have started. Never deletes or resets
anything.

  npm run seed
  npm run seed -- --shows 1000 --rows 10 --seats-per-row 20 --json

  --demo-user         makes the demo user also on a database of another machine: its password is public
  --shows N           adds N shows for load tests
  --rows N            rows of each of them; 10 by default
  --seats-per-row N   seats in each row; 20 by default
  --json              prints what was made as JSON: {"demo": {…}, "show_ids": [those added], "seats": …}
  --help              prints this

The database is that of DATABASE_URL, or the embedded one. Exit code: 0, or 2 when it failed.`;

const WITHOUT_USER =
  `The user ${DEMO_USERNAME} is not made: the database is on another machine, and the password is public. ` +
  '--demo-user makes it all the same.';

async function addShows(dataSource: DataSource, size: LoadTestSize): Promise<LoadTestShows> {
  const startedMs = performance.now();
  const bar = new ProgressBar(size.shows * size.rows * size.seatsPerRow, 'seats');
  bar.show(0);
  try {
    const added = await onMaintenanceConnection(dataSource, (runner) =>
      addLoadTestShows(runner, size, (seats) => bar.show(seats)),
    );
    bar.end();
    console.error(`${count(added.seats)} seats took ${((performance.now() - startedMs) / 1_000).toFixed(1)} s.`);
    return added;
  } catch (error) {
    bar.end();
    throw error;
  }
}

function asText(demo: Demo, added: LoadTestShows | undefined): string {
  const lines = [
    ...demo.movies.map((title) => `movie ${title}`),
    ...demo.screens.map((name) => `screen ${name}`),
    ...(demo.user === null ? [] : [`user ${demo.user}, password ${DEMO_PASSWORD}`]),
    ...demo.shows.map(
      ({ id, title, screen, startsAt, seats }) =>
        `show ${id}: ${title}, ${screen}, ${seats} seats, ${startsAt.toISOString()}`,
    ),
    ...(added ? [`${count(added.showIds.length)} shows for load tests: ${ranges(added.showIds)}`] : []),
  ];
  if (lines.length === 0) return 'Made nothing: the demo is complete.';
  return `Made:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** Ascending numbers, as in `3–7, 9`. */
function ranges(numbers: readonly number[]): string {
  const found: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const current = found.at(-1);
    if (current?.last === number - 1) current.last = number;
    else found.push({ first: number, last: number });
  }
  return found.map(({ first, last }) => (first === last ? String(first) : `${first}–${last}`)).join(', ');
}

function asJson(demo: Demo, added: LoadTestShows | undefined): string {
  const shows = demo.shows.map(({ startsAt, ...show }) => ({ ...show, starts_at: startsAt.toISOString() }));
  return JSON.stringify({ demo: { ...demo, shows }, show_ids: added?.showIds ?? [], seats: added?.seats ?? 0 });
}

void runCommand(async () => {
  const given = parseArguments(HELP, {
    shows: { type: 'string' },
    rows: { type: 'string' },
    'seats-per-row': { type: 'string' },
    json: { type: 'boolean' },
    'demo-user': { type: 'boolean' },
  });
  if (!given) return 0;
  const size = loadTestSize(given);
  return withDatabase({ migrateOthers: true }, async (dataSource) => {
    const withUser = given['demo-user'] ?? isOnThisMachine(dataSource);
    const demo = await ensureDemo(dataSource, undefined, withUser);
    if (!withUser) console.error(WITHOUT_USER);
    const added = size && (await addShows(dataSource, size));
    console.log(given.json ? asJson(demo, added) : asText(demo, added));
    return 0;
  });
});
