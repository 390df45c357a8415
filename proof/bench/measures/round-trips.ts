import { setTimeout as pause } from 'node:timers/promises';
import { APP, Bench, Measure, USUAL_HOUSE } from '../bench';
import { spread } from '../comparison';
import { HoldPlan } from '../hold-plan';
import type { House } from '../house';
import { BenchServer, startServer } from '../server';

const CLIENTS = 256;
/** PostgreSQL's processes report what they did when they have been idle for this long, at the latest. */
const STATISTICS_DELAY_MS = 11_000;

/** How often a hold waits for PostgreSQL, and how often PostgreSQL waits for the disk. */
export const roundTrips: Measure = async (bench) => {
  const house = await bench.databases.open(USUAL_HOUSE);
  try {
    const combined = await count(bench, house, {});
    const separate = await count(bench, house, { COMBINE_MAX: '1' });
    const row = (name: 'roundTrips' | 'fsyncs', measure: string, comparedWith: string, atMost: number) => ({
      measure: `${measure} a hold, ${CLIENTS} clients`,
      comparedWith: `(${comparedWith} with a transaction a request)`,
      result: spread([combined[name]]),
      aim: { atMost },
      figures: `${separate[name].toFixed(2)} with \`COMBINE_MAX=1\``,
    });
    return [row('roundTrips', 'round trips', '5 to 6', 0.1), row('fsyncs', 'fsyncs', '1', 0.05)];
  } finally {
    await house.close();
  }
};

async function count(
  { seconds, log }: Bench,
  house: House,
  settings: Record<string, string>,
): Promise<{ roundTrips: number; fsyncs: number }> {
  await house.reset();
  const server = await startServer({ DATABASE_URL: house.databaseUrl, ...settings }, [], APP);
  try {
    const plan = new HoldPlan(house, await house.guests(CLIENTS));
    const before = { roundTrips: await readRoundTrips(server), fsyncs: await readFsyncs(house) };
    const result = await plan.run({ port: server.port, seconds });
    const roundTrips = (await readRoundTrips(server)) - before.roundTrips;
    const fsyncs = (await readFsyncs(house)) - before.fsyncs;
    await plan.check(result);
    log(`  ${result.answers} holds, ${roundTrips} round trips, ${fsyncs} fsyncs of the WAL`);
    return { roundTrips: roundTrips / result.answers, fsyncs: fsyncs / result.answers };
  } finally {
    await server.stop();
  }
}

async function readRoundTrips(server: BenchServer): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.port}/bench/round-trips/`);
  return ((await response.json()) as { round_trips: number }).round_trips;
}

async function readFsyncs(house: House): Promise<number> {
  await pause(STATISTICS_DELAY_MS);
  const [{ is_18 }] = await house.dataSource.query(
    "SELECT current_setting('server_version_num')::int >= 180000 AS is_18",
  );
  const [{ fsyncs }] = await house.dataSource.query(
    is_18
      ? "SELECT sum(fsyncs)::float AS fsyncs FROM pg_stat_io WHERE object = 'wal'"
      : 'SELECT wal_sync::float AS fsyncs FROM pg_stat_wal',
  );
  return fsyncs;
}
