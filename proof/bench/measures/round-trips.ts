import { setTimeout as pause } from 'node:timers/promises';
import { spread } from '../../kit/figures';
import type { ServerProcess } from '../../kit/server-process';
import { APP, Bench, Measure, USUAL_HOUSE } from '../bench';
import type { BenchHouse } from '../bench-house';
import { HoldPlan } from '../hold-plan';

const CLIENTS = 256;
/** PostgreSQL's processes report what they did when they have been idle for this long, at the latest. */
const STATISTICS_DELAY_MS = 11_000;

/** How often a hold waits for PostgreSQL, and how often PostgreSQL waits for the disk. */
export const roundTrips: Measure = async (bench) => {
  const house = await bench.open(USUAL_HOUSE);
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
};

async function count(
  bench: Bench,
  house: BenchHouse,
  settings: Record<string, string>,
): Promise<{ roundTrips: number; fsyncs: number }> {
  await house.reset();
  const server = await bench.serve(house, settings, APP);
  const plan = new HoldPlan(house, await bench.guests(server, CLIENTS));
  const before = { roundTrips: await readRoundTrips(server), fsyncs: await readFsyncs(house) };
  const result = await plan.run({ port: server.port, seconds: bench.seconds });
  const roundTrips = (await readRoundTrips(server)) - before.roundTrips;
  const fsyncs = (await readFsyncs(house)) - before.fsyncs;
  await plan.check(result);
  bench.log(`  ${result.answers} holds, ${roundTrips} round trips, ${fsyncs} fsyncs of the WAL`);
  await server.stop();
  return { roundTrips: roundTrips / result.answers, fsyncs: fsyncs / result.answers };
}

async function readRoundTrips(server: ServerProcess): Promise<number> {
  const response = await fetch(`${server.url}/bench/round-trips/`);
  return ((await response.json()) as { round_trips: number }).round_trips;
}

async function readFsyncs(house: BenchHouse): Promise<number> {
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
