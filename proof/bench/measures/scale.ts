import { Bench, Measure } from '../bench';
import { ratio, spread, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';
import type { House, HouseSize } from '../house';
import { expectOnly } from '../http-load';
import { BenchServer, startServer } from '../server';
import { readUsage, usageEach } from '../usage';

const SMALL: HouseSize = { shows: 50, rows: 10, seatsPerRow: 20 };
const LARGE: HouseSize = { ...SMALL, shows: 50_000 };
const SHOWS_IN_DEMAND = 50;

/** What a hold costs when the seats of many more shows are stored: the same crowd after as many shows. */
export const scale: Measure = async (bench) => {
  const small = await open(bench, SMALL);
  try {
    bench.log('  making 10,000,000 seats');
    const large = await open(bench, LARGE);
    try {
      const figures = await takeTurns(
        bench.rounds,
        { small: () => cpuOfHold(bench, small), large: () => cpuOfHold(bench, large) },
        bench.log,
      );
      await large.house.verify();
      return [
        {
          measure: 'CPU of a hold with 10,000,000 seats stored',
          comparedWith: 'with 10,000',
          result: ratio(figures.large, figures.small),
          aim: { atMost: 1.1 },
          figures: `${spread(figures.large).median.toFixed(0)} µs against ${spread(figures.small).median.toFixed(0)} µs, server and PostgreSQL`,
        },
      ];
    } finally {
      await large.close();
    }
  } finally {
    await small.close();
  }
};

interface Site {
  readonly house: House;
  readonly server: BenchServer;
  round: number;
  close(): Promise<void>;
}

async function open({ databases }: Bench, size: HouseSize): Promise<Site> {
  const house = await databases.open(size);
  const server = await startServer({ DATABASE_URL: house.databaseUrl });
  const close = async () => {
    await server.stop();
    await house.close();
  };
  return { house, server, round: 0, close };
}

/** In microseconds, of the server and of PostgreSQL together. */
async function cpuOfHold({ clients, seconds }: Bench, site: Site): Promise<number> {
  const { house, server } = site;
  // Spread over all shows there are, and others in each round, as long as there are enough.
  const step = house.showIds.length / SHOWS_IN_DEMAND;
  const showIds = Array.from({ length: SHOWS_IN_DEMAND }, (_, i) => house.showIds[i * step + (site.round % step)]!);
  if (step === 1) await house.reset();
  site.round++;
  const plan = new HoldPlan(house, await house.guests(clients), showIds);
  const before = await readUsage(server, house.dataSource);
  const result = expectOnly('200', await plan.run({ port: server.port, seconds }));
  const { serverCpuMs, postgresCpuMs } = usageEach(before, await readUsage(server, house.dataSource), result.answers);
  if (step === 1) await house.verify();
  return (serverCpuMs + postgresCpuMs) * 1_000;
}
