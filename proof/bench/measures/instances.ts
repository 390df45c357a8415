import { perSecond } from '../../kit/raw-load';
import { Measure, USUAL_HOUSE } from '../bench';
import { compare, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';

/** What it costs to tell another instance of every change. */
export const instances: Measure = async (bench) => {
  const { clients, seconds, rounds, log } = bench;
  const house = await bench.open(USUAL_HOUSE);
  const server = await bench.serve(house);
  const guests = await bench.guests(server, clients);
  const round = async () => {
    await house.reset();
    const plan = new HoldPlan(house, guests);
    const result = await plan.run({ port: server.port, seconds });
    await plan.check(result);
    return perSecond(result);
  };
  const figures = await takeTurns(
    rounds,
    {
      alone: round,
      'with another': async () => {
        const other = await bench.serve(house);
        return round().finally(() => other.stop());
      },
    },
    log,
  );
  const measure = `holds, ${clients} clients, with a second, idle instance that is told of every change`;
  return [compare(measure, figures['with another'], 'a single instance', figures.alone, undefined)];
};
