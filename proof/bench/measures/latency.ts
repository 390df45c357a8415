import { APP, Measure, USUAL_HOUSE } from '../bench';
import { ratio, spread, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';
import type { Guest } from '../house';
import { LoadResult, percentile, perSecond } from '../http-load';
import { BenchServer, startServer } from '../server';

/** Of what the server can do at most. */
const LOADS = [0.5, 0.8];

/** How long one hold takes: of a single client, and of many who come whether or not others have their answers. */
export const latency: Measure = async ({ databases, clients, seconds, rounds, log }) => {
  const house = await databases.open(USUAL_HOUSE);
  const servers: BenchServer[] = [];
  try {
    const combined = await startServer({ DATABASE_URL: house.databaseUrl }, [], APP);
    servers.push(combined);
    const separate = await startServer({ DATABASE_URL: house.databaseUrl, COMBINE_MAX: '1' });
    servers.push(separate);
    const holds = async (
      server: BenchServer,
      guests: readonly Guest[],
      arrivalsPerSecond?: number,
    ): Promise<LoadResult> => {
      await house.reset();
      const plan = new HoldPlan(house, guests);
      const result = await plan.run({
        port: server.port,
        seconds,
        ...(arrivalsPerSecond ? { arrivalsPerSecond } : {}),
      });
      await plan.check(result);
      return result;
    };
    const guest = await house.guests(1);
    const p50 = async (server: BenchServer) => percentile((await holds(server, guest)).latenciesMs, 0.5);
    const alone = await takeTurns(rounds, { combined: () => p50(combined), separate: () => p50(separate) }, log);
    const peakPerSecond = perSecond(await holds(combined, await house.guests(clients)));
    const many = await house.guests(clients * 4);
    const open: string[] = [];
    for (const load of LOADS) {
      const arrivalsPerSecond = peakPerSecond * load;
      // What the machine and the load generator add at the same pace, and with requests that have no effect.
      const without = await new HoldPlan(house, many).runWithoutDatabase({
        port: combined.port,
        seconds,
        arrivalsPerSecond,
      });
      const figures = [await holds(combined, many, arrivalsPerSecond), without].map(({ latenciesMs }) =>
        [0.5, 0.99, 0.999].map((part) => percentile(latenciesMs, part).toFixed(1)).join(', '),
      );
      open.push(
        `at ${(load * 100).toFixed(0)} % of ${peakPerSecond.toFixed(0)}/s ${figures[0]} ms (without the database ${figures[1]} ms)`,
      );
      log(`  open loop ${open.at(-1)}`);
    }
    return [
      {
        measure: 'latency of a single client, median',
        comparedWith: 'combining off',
        result: ratio(alone.combined, alone.separate),
        aim: { atMost: 1 },
        figures:
          `${spread(alone.combined).median.toFixed(2)} ms against ${spread(alone.separate).median.toFixed(2)} ms; ` +
          `arriving whoever waits (open loop), median, p99 and p99.9 ${open.join('; ')}`,
      },
    ];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await house.close();
  }
};
