import { percentile, percentiles } from '../../kit/figures';
import { LoadResult, perSecond } from '../../kit/raw-load';
import type { ServerProcess } from '../../kit/server-process';
import type { Holder } from '../../people/target';
import { APP, Measure, USUAL_HOUSE } from '../bench';
import { compare, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';

/** Of what the server can do at most. */
const LOADS = [0.5, 0.8];

/** How long one hold takes: of a single client, and of many who come whether or not others have their answers. */
export const latency: Measure = async (bench) => {
  const { clients, seconds, rounds, log } = bench;
  const house = await bench.open(USUAL_HOUSE);
  const combined = await bench.serve(house, {}, APP);
  const separate = await bench.serve(house, { COMBINE_MAX: '1' });
  const many = await bench.guests(combined, clients * 4);
  const holds = async (
    server: ServerProcess,
    guests: readonly Holder[],
    arrivalsPerSecond?: number,
  ): Promise<LoadResult> => {
    await house.reset();
    const plan = new HoldPlan(house, guests);
    const pace = arrivalsPerSecond ? { arrivalsPerSecond } : {};
    const result = await plan.run({ port: server.port, seconds, ...pace });
    await plan.check(result);
    return result;
  };
  const p50 = async (server: ServerProcess) => percentile((await holds(server, many.slice(0, 1))).latenciesMs, 0.5);
  const alone = await takeTurns(rounds, { combined: () => p50(combined), separate: () => p50(separate) }, log);
  const peakPerSecond = perSecond(await holds(combined, many.slice(0, clients)));
  const open: string[] = [];
  for (const load of LOADS) {
    const arrivalsPerSecond = peakPerSecond * load;
    // The share of the machine and the load generator: the same pace, with requests that have no effect.
    const without = await new HoldPlan(house, many).runWithoutDatabase({
      port: combined.port,
      seconds,
      arrivalsPerSecond,
    });
    const figures = [await holds(combined, many, arrivalsPerSecond), without].map(({ latenciesMs }) =>
      percentiles(latenciesMs, [0.5, 0.99, 0.999])
        .map((ms) => ms.toFixed(1))
        .join(', '),
    );
    open.push(
      `at ${(load * 100).toFixed(0)} % of ${peakPerSecond.toFixed(0)}/s ${figures[0]} ms (without the database ${figures[1]} ms)`,
    );
    log(`  open loop ${open.at(-1)}`);
  }
  const more = `; arriving at a steady pace (open loop), median, p99 and p99.9 ${open.join('; ')}`;
  const told = { unit: ' ms', digits: 2, more };
  const measure = 'latency of a single client, median';
  return [compare(measure, alone.combined, 'combining off', alone.separate, { atMost: 1 }, told)];
};
