import 'reflect-metadata';
import { mkdtempSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';
import { parseDatabaseEnvironment } from '../src/platform/config/app-config';
import { dataSourceOptions } from '../src/platform/database/data-source-options';
import { openDatabase } from '../src/platform/database/database';
import { migrate } from '../src/platform/database/migrate';
import { schema } from '../src/schema';
import { addLoadTestShows } from '../src/shows/load-test-shows';
import { LoadResult, post, runLoad } from './http-load';
import { watchHolds } from './live';
import { pgbenchHoldsPerSecond } from './pgbench';
import { BenchServer, startServer } from './server';

/**
 * `npm run bench`: durable holds of two free seats over 1,000 shows × 200 seats, combined against one transaction a command
 * against pgbench, interleaved round by round on one database. These machines are noisy: the ratios count, not the figures.
 */
const SHOWS = 1_000;
const ROWS = 10;
const SEATS_PER_ROW = 20;
const PAIRS_PER_SHOW = (ROWS * SEATS_PER_ROW) / 2;
const HOLDER_LIMIT = 10;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string', default: '64' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
      watchers: { type: 'string', default: '2000' },
    },
  });
  const clients = Number(values.clients);
  const seconds = Number(values.seconds);
  const rounds = Number(values.rounds);

  const dataDir = mkdtempSync(join(tmpdir(), 'rowlock-bench-'));
  const settings = parseDatabaseEnvironment({
    EMBEDDED_DATABASE_DIR: dataDir,
    EMBEDDED_DATABASE: 'true',
    STATEMENT_TIMEOUT_MS: '120000', // for the making of the seats
    ...process.env,
  });
  const database = await openDatabase(settings, log);
  const dataSource = await new DataSource(dataSourceOptions({ ...settings, DATABASE_URL: database.url }, schema)).initialize();
  const servers: BenchServer[] = [];
  try {
    await migrate(dataSource);
    const [{ version, fsync }] = await dataSource.query("SELECT version(), current_setting('fsync') AS fsync");
    log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; ${version}; fsync ${fsync}`);
    log(`${SHOWS} shows × ${ROWS * SEATS_PER_ROW} seats, ${clients} clients, two seats a hold, ${rounds} rounds of ${seconds} s`);
    await addLoadTestShows(dataSource.createQueryRunner(), { shows: SHOWS, rows: ROWS, seatsPerRow: SEATS_PER_ROW });

    const start = async (extra: Record<string, string>) => {
      const server = await startServer({ DATABASE_URL: database.url, MAX_HELD_SEATS_PER_HOLDER: String(HOLDER_LIMIT), ...extra });
      servers.push(server);
      return { server, tokens: await guestTokens(server, clients) };
    };
    const combined = await start({});
    const separate = await start({ COMBINE_MAX: '1' });
    // What a team would write itself has a pool of connections, so it is given one here too.
    const pooled = await start({ COMBINE_MAX: '1', COMBINE_LANES: '16' });

    const results: Record<string, number[]> = { combined: [], separate: [], pooled: [], pgbench: [] };
    for (let round = 0; round <= rounds; round++) {
      const figures: Record<string, number | undefined> = {};
      for (const [name, variant] of Object.entries({ combined, separate, pooled })) {
        await reset(dataSource);
        const result = await holdRound(variant.server, variant.tokens, clients, seconds);
        await check(dataSource, result);
        figures[name] = result.answers / result.seconds;
      }
      await reset(dataSource);
      figures.pgbench = pgbenchHoldsPerSecond(database.url, Math.min(clients, 64), seconds);
      log(`${round === 0 ? 'warm-up' : `round ${round}`}: ${Object.entries(figures).map(([name, figure]) => `${name} ${figure?.toFixed(0) ?? 'not installed'}`).join(', ')} holds/s`);
      if (round > 0) for (const [name, figure] of Object.entries(figures)) if (figure !== undefined) results[name]!.push(figure);
    }
    print('combined ÷ COMBINE_MAX=1', results.combined!, results.separate!);
    print('combined ÷ COMBINE_MAX=1 with 16 connections', results.combined!, results.pooled!);
    if (results.pgbench!.length > 0) print('combined ÷ pgbench', results.combined!, results.pgbench!);
    else log('pgbench is not installed (Debian: postgresql-contrib; or name it in PGBENCH): no comparison with it');

    await reset(dataSource);
    const [{ id: showId }] = await dataSource.query('SELECT min(id) AS id FROM show');
    const live = await watchHolds(combined.server, showId, combined.tokens, Number(values.watchers), 100);
    const sorted = live.delaysMs.sort((x, y) => x - y);
    const percentile = (p: number) => sorted[Math.floor((sorted.length - 1) * p)]!.toFixed(0);
    console.log(
      `${live.watchers} watchers of one show, ${live.holds} holds: event behind the answer by ${percentile(0.5)} ms (median), ` +
        `${percentile(0.99)} ms (p99), ${percentile(1)} ms (last); memory ${live.rssBeforeMb.toFixed(0)} → ${live.rssAfterMb.toFixed(0)} MB`,
    );
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await dataSource.destroy();
    await database.stop();
  }
}

async function guestTokens(server: BenchServer, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const response = await fetch(`http://127.0.0.1:${server.port}/api/auth/guest/`, { method: 'POST' });
      return ((await response.json()) as { access_token: string }).access_token;
    }),
  );
}

/** Every request names two seats nobody has named before. */
function holdRound(server: BenchServer, tokens: string[], clients: number, seconds: number): Promise<LoadResult> {
  return runLoad({
    port: server.port,
    clients,
    seconds,
    request: (client, k) => {
      const index = k * clients + client;
      const pair = Math.floor(index / SHOWS);
      if (pair >= PAIRS_PER_SHOW) return undefined;
      // Shifted from pair to pair, so that no client comes to one show more often than its limit allows.
      const showId = 1 + ((index + pair) % SHOWS);
      const row = String.fromCharCode(65 + Math.floor(pair / (SEATS_PER_ROW / 2)));
      const number = 1 + 2 * (pair % (SEATS_PER_ROW / 2));
      return post('/api/seats/hold-batch/', tokens[client]!, { show_id: showId, seats: [{ row, number }, { row, number: number + 1 }] });
    },
  });
}

/** A benchmark with a wrong answer has no result. */
async function check(dataSource: DataSource, result: LoadResult): Promise<void> {
  const [{ held, steps }] = await dataSource.query(
    "SELECT (SELECT count(*)::int FROM seat WHERE status = 'HELD') AS held, (SELECT count(*)::int FROM seat_transition) AS steps",
  );
  const accepted = result.counts['200'] ?? 0;
  if (accepted !== result.answers || held !== accepted * 2 || steps !== held) {
    throw new Error(`Wrong: ${JSON.stringify(result.counts)}, ${held} seats held, ${steps} steps in the ledger`);
  }
}

async function reset(dataSource: DataSource): Promise<void> {
  await dataSource.query('TRUNCATE seat, seat_transition');
  await dataSource.query(
    `INSERT INTO seat (show_id, "row", number, price)
     SELECT show.id, chr(64 + r), n, show.price FROM show, generate_series(1, ${ROWS}) AS r, generate_series(1, ${SEATS_PER_ROW}) AS n`,
  );
  await dataSource.query('VACUUM ANALYZE seat');
  await dataSource.query('CHECKPOINT');
}

function print(name: string, a: number[], b: number[]): void {
  const ratios = a.map((figure, index) => figure / b[index]!).sort((x, y) => x - y);
  const median = ratios[Math.floor(ratios.length / 2)]!;
  console.log(`${name}: ${median.toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
