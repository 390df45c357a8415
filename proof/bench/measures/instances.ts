import { Measure, USUAL_HOUSE } from '../bench';
import { ratio, spread, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';
import { perSecond } from '../http-load';
import { startServer } from '../server';

/** What it costs to tell another instance of every change. */
export const instances: Measure = async ({ databases, clients, seconds, rounds, log }) => {
  const house = await databases.open(USUAL_HOUSE);
  const server = await startServer({ DATABASE_URL: house.databaseUrl });
  try {
    const guests = await house.guests(clients);
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
          const other = await startServer({ DATABASE_URL: house.databaseUrl });
          return round().finally(() => other.stop());
        },
      },
      log,
    );
    return [
      {
        measure: `holds, ${clients} clients, with a second, idle instance that is told of every change`,
        comparedWith: 'a single instance',
        result: ratio(figures['with another'], figures.alone),
        aim: undefined,
        figures: `${spread(figures['with another']).median.toFixed(0)}/s against ${spread(figures.alone).median.toFixed(0)}/s`,
      },
    ];
  } finally {
    await server.stop();
    await house.close();
  }
};
