import { APP, BARE, Bench, Measure, USUAL_HOUSE } from '../bench';
import { ratio, spread, takeTurns, WARM_UP_ROUNDS } from '../comparison';
import { HOLDS, HoldPlan } from '../hold-plan';
import type { Guest, House } from '../house';
import { perSecond, post, runLoad } from '../http-load';
import { pgbenchHoldsPerSecond } from '../pgbench';
import type { Row } from '../report';
import { BenchServer, startServer } from '../server';
import { readUsage, usageEach } from '../usage';

type UsageEach = ReturnType<typeof usageEach>;

const PGBENCH_CLIENTS = 64;
/** What a team would write itself has a pool of connections. */
const POOL = 16;

/** Few enough to wait for each other's transactions, and many enough to fill them. */
const CLIENTS = [64, 256];

/** Holds a second, and what they are to be compared with: fewer commands a transaction, PostgreSQL alone, HTTP alone. */
export const holds: Measure = async (bench) => {
  const rows: Row[] = [];
  for (const clients of CLIENTS) rows.push(...(await holdsOf(clients, bench)));
  return rows;
};

async function holdsOf(clients: number, { databases, seconds, rounds, log }: Bench): Promise<Row[]> {
  const house = await databases.open(USUAL_HOUSE);
  const servers: BenchServer[] = [];
  const start = async (settings: Record<string, string>, program: string) => {
    const server = await startServer({ DATABASE_URL: house.databaseUrl, ...settings }, [], program);
    servers.push(server);
    return server;
  };
  try {
    const guests = await house.guests(clients);
    const combined = await start({}, APP);
    const separate = await start({ COMBINE_MAX: '1' }, APP);
    const pooled = await start({ COMBINE_MAX: '1', COMBINE_LANES: String(POOL) }, APP);
    const bare = await start({}, BARE);
    const usage: UsageEach[] = [];
    const plan = new HoldPlan(house, guests);
    const withoutDatabase = (server: BenchServer) => async () =>
      perSecond(await plan.runWithoutDatabase({ port: server.port, seconds }));

    const figures = await takeTurns(
      rounds,
      {
        combined: () => holdRound(house, combined, guests, seconds, usage),
        separate: () => holdRound(house, separate, guests, seconds),
        pooled: () => holdRound(house, pooled, guests, seconds),
        pgbench: async () => {
          await house.reset();
          return pgbenchHoldsPerSecond(house.databaseUrl, Math.min(clients, PGBENCH_CLIENTS), seconds) ?? NaN;
        },
        refusals: () => refusalRound(house, combined, guests, seconds),
        'without database': withoutDatabase(combined),
        bare: withoutDatabase(bare),
      },
      log,
    );
    const perHold = (name: keyof UsageEach) =>
      spread(usage.slice(WARM_UP_ROUNDS).map((each) => each[name] * 1_000)).median.toFixed(0);
    const each = (figuresOf: readonly number[]) => `${spread(figuresOf).median.toFixed(0)}/s`;
    const holdsPerSecond = each(figures.combined);
    const rows: Row[] = [
      {
        measure: `holds, ${clients} clients`,
        comparedWith: 'combining off (`COMBINE_MAX=1`)',
        result: ratio(figures.combined, figures.separate),
        aim: { atLeast: 8 },
        figures: `${holdsPerSecond} against ${each(figures.separate)}; ${perHold('serverCpuMs')} µs of the server's CPU and ${perHold('postgresCpuMs')} µs of PostgreSQL's a hold`,
      },
      {
        measure: `holds, ${clients} clients`,
        comparedWith: `combining off, ${POOL} connections`,
        result: ratio(figures.combined, figures.pooled),
        aim: undefined,
        figures: `${holdsPerSecond} against ${each(figures.pooled)}`,
      },
      {
        measure: `holds, ${clients} clients`,
        comparedWith: '`pgbench -M prepared`, one hold a transaction',
        result: ratio(figures.combined, figures.pgbench),
        aim: { atLeast: 1.25 },
        figures: `${holdsPerSecond} against ${each(figures.pgbench)}`,
      },
      {
        measure: `holds, ${clients} clients`,
        comparedWith: 'the same request without the database',
        result: ratio(figures.combined, figures['without database']),
        aim: { atLeast: 0.6 },
        figures: `${holdsPerSecond} against ${each(figures['without database'])}`,
      },
      {
        measure: `that request without the database, ${clients} clients`,
        comparedWith: 'bare Fastify: no token check, no validation',
        result: ratio(figures['without database'], figures.bare),
        aim: { atLeast: 0.7 },
        figures: `${each(figures['without database'])} against ${each(figures.bare)}`,
      },
      {
        measure: `refusals, ${clients} clients after one seat`,
        comparedWith: 'the same request without the database',
        result: ratio(figures.refusals, figures['without database']),
        aim: { atLeast: 0.8 },
        figures: `${each(figures.refusals)} against ${each(figures['without database'])}`,
      },
    ];
    return rows.filter(({ result }) => !Number.isNaN(result.median));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await house.close();
  }
}

async function holdRound(
  house: House,
  server: BenchServer,
  guests: readonly Guest[],
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
  house: House,
  server: BenchServer,
  guests: readonly Guest[],
  seconds: number,
): Promise<number> {
  await house.reset();
  const [showId] = house.showIds;
  const body = { show_id: showId, seats: [{ row: house.rows[0], number: 1 }] };
  const requests = guests.map(({ token }) => post(HOLDS, token, body));
  const [owner] = await house.guests(1);
  const first = await runLoad({
    port: server.port,
    clients: 1,
    seconds,
    request: (_, k) => (k === 0 ? post(HOLDS, owner!.token, body) : undefined),
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
