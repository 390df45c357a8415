import { COMMANDS } from '../../checkers/commands';
import { spread } from '../../kit/figures';
import { perSecond, post, runLoad } from '../../kit/raw-load';
import type { ServerProcess } from '../../kit/server-process';
import type { Holder } from '../../people/target';
import { APP, BARE, Bench, Measure, USUAL_HOUSE } from '../bench';
import type { BenchHouse } from '../bench-house';
import { compare, takeTurns, WARM_UP_ROUNDS } from '../comparison';
import { HoldPlan } from '../hold-plan';
import { pgbenchHoldsPerSecond } from '../pgbench';
import type { Row } from '../report';
import { readUsage, usageEach } from '../usage';

type UsageEach = ReturnType<typeof usageEach>;

const PGBENCH_CLIENTS = 64;
/** The usual way is a pool of connections with a transaction a request. */
const POOL = 16;

/** Few enough to wait for each other's transactions, and many enough to fill them. */
const CLIENTS = [64, 256];

/** Holds a second, and what they are to be compared with: fewer commands a transaction, PostgreSQL alone, HTTP alone. */
export const holds: Measure = async (bench) => {
  const rows: Row[] = [];
  for (const clients of CLIENTS) rows.push(...(await holdsOf(clients, bench)));
  return rows;
};

async function holdsOf(clients: number, bench: Bench): Promise<Row[]> {
  const { seconds } = bench;
  const house = await bench.open(USUAL_HOUSE);
  const combined = await bench.serve(house, {}, APP);
  const separate = await bench.serve(house, { COMBINE_MAX: '1' }, APP);
  const pooled = await bench.serve(house, { COMBINE_MAX: '1', COMBINE_LANES: String(POOL) }, APP);
  const bare = await bench.serve(house, {}, BARE);
  const [owner, ...guests] = (await bench.guests(combined, 1 + clients)) as [Holder, ...Holder[]];
  const usage: UsageEach[] = [];
  const plan = new HoldPlan(house, guests);
  const withoutDatabase = (server: ServerProcess) => async () =>
    perSecond(await plan.runWithoutDatabase({ port: server.port, seconds }));

  const figures = await takeTurns(
    bench.rounds,
    {
      combined: () => holdRound(house, combined, guests, seconds, usage),
      separate: () => holdRound(house, separate, guests, seconds),
      pooled: () => holdRound(house, pooled, guests, seconds),
      pgbench: async () => {
        await house.reset();
        return (await pgbenchHoldsPerSecond(house.url, Math.min(clients, PGBENCH_CLIENTS), seconds)) ?? NaN;
      },
      refusals: () => refusalRound(house, combined, owner, guests, seconds),
      'without database': withoutDatabase(combined),
      bare: withoutDatabase(bare),
    },
    bench.log,
  );
  const perHold = (name: keyof UsageEach) =>
    spread(usage.slice(WARM_UP_ROUNDS).map((each) => each[name] * 1_000)).median.toFixed(0);
  const holding = `holds, ${clients} clients`;
  const cpu = `; ${perHold('serverCpuMs')} µs of the server's CPU and ${perHold('postgresCpuMs')} µs of PostgreSQL's a hold`;
  const without = figures['without database'];
  const same = 'the same request without the database';
  const rows = [
    compare(
      holding,
      figures.combined,
      'combining off (`COMBINE_MAX=1`)',
      figures.separate,
      { atLeast: 8 },
      { more: cpu },
    ),
    compare(holding, figures.combined, `combining off, ${POOL} connections`, figures.pooled, undefined),
    compare(holding, figures.combined, '`pgbench -M prepared`, one hold a transaction', figures.pgbench, {
      atLeast: 1.25,
    }),
    compare(holding, figures.combined, same, without, { atLeast: 0.6 }),
    compare(
      `that request without the database, ${clients} clients`,
      without,
      'bare Fastify: no token check, no validation',
      figures.bare,
      { atLeast: 0.7 },
    ),
    compare(`refusals, ${clients} clients after one seat`, figures.refusals, same, without, { atLeast: 0.8 }),
  ];
  return rows.filter(({ result }) => !Number.isNaN(result.median));
}

async function holdRound(
  house: BenchHouse,
  server: ServerProcess,
  guests: readonly Holder[],
  seconds: number,
  usage?: UsageEach[],
): Promise<number> {
  await house.reset();
  const plan = new HoldPlan(house, guests);
  const before = await readUsage(server, house.dataSource);
  const result = await plan.run({ port: server.port, seconds });
  usage?.push(usageEach(before, await readUsage(server, house.dataSource), result.answers));
  await plan.check(result);
  return perSecond(result);
}

/** One has the seat, all others ask for it. */
async function refusalRound(
  house: BenchHouse,
  server: ServerProcess,
  owner: Holder,
  guests: readonly Holder[],
  seconds: number,
): Promise<number> {
  await house.reset();
  const [showId] = house.showIds;
  const body = { show_id: showId, seats: [{ row: house.rows[0], number: 1 }] };
  const requests = guests.map(({ token }) => post(COMMANDS.hold.path, token, body));
  const first = await runLoad({
    port: server.port,
    clients: 1,
    seconds,
    request: (_, k) => (k === 0 ? post(COMMANDS.hold.path, owner.token, body) : undefined),
  });
  const result = await runLoad({
    port: server.port,
    clients: guests.length,
    seconds,
    request: (client) => requests[client],
  });
  if (first.counts['200'] !== 1 || result.counts['409 SEAT_UNAVAILABLE'] !== result.answers) {
    throw new Error(`Wrong answers: ${JSON.stringify([first.counts, result.counts])}`);
  }
  await house.verify();
  return perSecond(result);
}
