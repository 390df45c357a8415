import { COMMANDS } from '../../checkers/commands';
import { spread } from '../../kit/figures';
import { expectOnly, runLoad } from '../../kit/raw-load';
import { Measure, USUAL_HOUSE } from '../bench';
import { HoldPlan } from '../hold-plan';
import { rssMb } from '../usage';

/** When the memory is read, in commands: how it goes on between the two that are compared tells a leak from a warm-up. */
const READINGS = [10_000, 100_000, 250_000, 500_000, 750_000, 1_000_000];
const TIME_LIMIT_SECONDS = 3_600;
/** The resident set of a process goes up and down by this much between collections of garbage. */
const NOISE = 1.1;

/** The server's memory after a million commands: holds and releases of the same seats. */
export const memory: Measure = async (bench) => {
  const { clients, log } = bench;
  const house = await bench.open(USUAL_HOUSE);
  const server = await bench.serve(house);
  const plan = new HoldPlan(house, await bench.guests(server, clients));
  const readings: { commands: number; mb: number }[] = [];
  let done = 0;
  for (const commands of READINGS) {
    const each = Math.ceil((commands - done) / clients / 2) * 2;
    const result = expectOnly(
      '200',
      await runLoad({
        port: server.port,
        clients,
        seconds: TIME_LIMIT_SECONDS,
        request: (client, k) =>
          k >= each
            ? undefined
            : plan.request(COMMANDS[k % 2 === 0 ? 'hold' : 'release'].path, client, (k >> 1) % plan.holdsEach),
      }),
    );
    done += result.answers;
    readings.push({ commands: done, mb: await rssMb(server) });
    log(`  ${done} commands, ${readings.at(-1)!.mb.toFixed(0)} MB`);
  }
  await house.verify();
  const [first] = readings;
  const last = readings.at(-1)!;
  return [
    {
      measure: `memory (RSS) after ${READINGS.at(-1)!.toLocaleString('en')} commands`,
      comparedWith: `after ${READINGS[0]!.toLocaleString('en')}`,
      result: spread([last.mb / first!.mb]),
      aim: { atMost: NOISE },
      figures: readings
        .map(({ commands, mb }) => `${mb.toFixed(0)} MB after ${Math.round(commands / 1_000)} k`)
        .join(', '),
    },
  ];
};
