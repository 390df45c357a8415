import type { HouseSize } from '../../kit/house';
import { expectOnly } from '../../kit/raw-load';
import type { ServerProcess } from '../../kit/server-process';
import type { Bench, Measure } from '../bench';
import type { BenchHouse } from '../bench-house';
import { compare, takeTurns } from '../comparison';
import { HoldPlan } from '../hold-plan';
import { readUsage, usageEach } from '../usage';

const SMALL: HouseSize = { shows: 50, rows: 10, seatsPerRow: 20 };
const LARGE: HouseSize = { ...SMALL, shows: 50_000 };
const SHOWS_IN_DEMAND = 50;

/** What a hold costs when the seats of many more shows are stored: the same crowd after as many shows. */
export const scale: Measure = async (bench) => {
  const small = await open(bench, SMALL);
  bench.log('  making 10,000,000 seats');
  const large = await open(bench, LARGE);
  const figures = await takeTurns(
    bench.rounds,
    { small: () => cpuOfHold(bench, small), large: () => cpuOfHold(bench, large) },
    bench.log,
  );
  await large.house.verify();
  const told = { unit: ' µs', more: ', server and PostgreSQL' };
  const measure = 'CPU of a hold with 10,000,000 seats stored';
  return [compare(measure, figures.large, 'with 10,000', figures.small, { atMost: 1.1 }, told)];
};

interface Site {
  readonly house: BenchHouse;
  readonly server: ServerProcess;
  round: number;
}

async function open(bench: Bench, size: HouseSize): Promise<Site> {
  const house = await bench.open(size);
  return { house, server: await bench.serve(house), round: 0 };
}

/** In microseconds, of the server and of PostgreSQL together. */
async function cpuOfHold(bench: Bench, site: Site): Promise<number> {
  const { house, server } = site;
  // Spread over all shows there are, and others in each round, as long as there are enough.
  const step = house.showIds.length / SHOWS_IN_DEMAND;
  const showIds = Array.from({ length: SHOWS_IN_DEMAND }, (_, i) => house.showIds[i * step + (site.round % step)]!);
  if (step === 1) await house.reset();
  site.round++;
  const plan = new HoldPlan(house, await bench.guests(server, bench.clients), showIds);
  const before = await readUsage(server, house.dataSource);
  const result = expectOnly('200', await plan.run({ port: server.port, seconds: bench.seconds }));
  const { serverCpuMs, postgresCpuMs } = usageEach(before, await readUsage(server, house.dataSource), result.answers);
  if (step === 1) await house.verify();
  return (serverCpuMs + postgresCpuMs) * 1_000;
}
