import { setTimeout as pause } from 'node:timers/promises';
import { LAPSE } from '../checkers/commands';
import { query } from '../kit/database-server';
import type { House } from '../kit/house';
import { until } from '../kit/until';
import { PERSISTENT } from '../people/person';
import { Load, PLAN } from './load';
import type { Scenario } from './scenario';
import { differences, play, SCRIPT_PLAN, SCRIPT_TTL_SECONDS } from './script';

const SECONDS = 5;
const SWEPT_TIMEOUT_MS = 10_000;

/** How many processes sweep, each as often as it may. */
const SWEEPERS = { 'one sweeper': 1, 'no sweeper': 0, 'two sweepers': 2 } as const;

/** No process sweeps, or two do at once. */
export const sweeper: Scenario = {
  name: 'sweeper',
  good: 'without a sweeper and with two, clients see exactly the same',
  async run(stage, { seconds = SECONDS, seed }, findings) {
    const transcripts: Record<string, string[]> = {};
    for (const [name, sweepers] of Object.entries(SWEEPERS)) {
      const house = await stage.house([SCRIPT_PLAN]);
      const settings = {
        HOLD_TTL_SECONDS: String(SCRIPT_TTL_SECONDS),
        SWEEP_ENABLED: String(sweepers > 0),
        SWEEP_INTERVAL_SECONDS: '1',
      };
      const apps = [await stage.app(house.url, settings)];
      while (apps.length < sweepers) apps.push(await stage.app(house.url, settings));
      const expired = () => expiredIn(house);
      transcripts[name] = await play(stage.client(apps[0]!.url), {
        house,
        showIds: house.showIds[0]!,
        // So that the rest of the script meets swept seats, or seats that no sweep has come to.
        onLapsed: async () => {
          if (sweepers > 0) await until(async () => (await expired()) === 3, SWEPT_TIMEOUT_MS);
          else findings.expect((await expired()) === 0, 'something was swept without a sweeper');
        },
      });
      for (const app of apps) await app.stop();
    }
    findings.note('answers compared on each', transcripts['no sweeper']!.length);
    for (const difference of differences(transcripts)) findings.failures.push(difference);

    const house = await stage.house(PLAN);
    const apps = [
      await stage.app(house.url, { HOLD_TTL_SECONDS: '1' }),
      await stage.app(house.url, { HOLD_TTL_SECONDS: '1' }),
    ];
    const instances = stage.instances(apps.map(({ url }) => url));
    const load = await Load.start(stage, instances, house, seed, { ...PERSISTENT, released: 0.3 });
    await pause(seconds * 1_000);
    await until(async () => (await expiredIn(house)) > 0, SWEPT_TIMEOUT_MS);
    await load.end();
    findings.note('holds that lapsed under load with two sweepers', await expiredIn(house));
    await load.judge(findings);
  },
};

async function expiredIn({ url }: House): Promise<number> {
  const [row] = await query<{ count: number }>(
    url,
    'SELECT count(*)::int AS count FROM seat_transition WHERE command = $1',
    [LAPSE],
  );
  return row!.count;
}
