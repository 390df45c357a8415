import { setTimeout as pause } from 'node:timers/promises';
import type { ServerProcess } from '../kit/server-process';
import { until } from '../kit/until';
import { Load, PLAN } from './load';
import type { Scenario } from './scenario';

const CYCLES = 10;
const LONGEST_PEACE_MS = 400;
const SERVES_AGAIN_TIMEOUT_MS = 10_000;

/** `kill -9` of one of two instances, at any moment. */
export const appKilled: Scenario = {
  name: 'app-killed',
  good: 'nothing acknowledged is lost, nothing doubled, no half batch; the survivor serves on',
  async run(stage, { cycles = CYCLES, seed, random }, findings) {
    const house = await stage.house(PLAN);
    const apps: ServerProcess[] = [await stage.app(house.url), await stage.app(house.url)];
    const instances = stage.instances(apps.map(({ url }) => url));
    const load = await Load.start(stage, instances, house, seed);
    const duringOutages: number[] = [];
    const outagesMs: number[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      await pause(random.next() * LONGEST_PEACE_MS);
      const victim = random.below(apps.length);
      const survivor = 1 - victim;
      const before = instances.succeeded[survivor]!;
      const killedMs = performance.now();
      await apps[victim]!.kill();
      apps[victim] = await stage.app(house.url, { PORT: String(apps[victim]!.port) });
      outagesMs.push(performance.now() - killedMs);
      duringOutages.push(instances.succeeded[survivor]! - before);
      const served = [...instances.succeeded];
      await until(() => instances.succeeded.every((count, index) => count > served[index]!), SERVES_AGAIN_TIMEOUT_MS);
    }
    await load.end();
    findings.note('kills', cycles);
    findings.took('longest outage of an instance', [Math.max(...outagesMs)]);
    findings.note("survivor's successes in an outage, least", Math.min(...duringOutages));
    findings.note(
      "survivor's successes in all outages",
      duringOutages.reduce((sum, count) => sum + count, 0),
    );
    findings.note('connections lost or refused', load.count(/ECONN|RESET|EPIPE/));
    findings.expect(Math.min(...duringOutages) > 0, `the survivor did not serve: ${duringOutages.join(', ')}`);
    await load.judge(findings);
  },
};
