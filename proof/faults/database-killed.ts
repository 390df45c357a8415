import { setTimeout as pause } from 'node:timers/promises';
import type { Attempt } from '../checkers/history';
import { query } from '../kit/database-server';
import { outcomeOf, Target } from '../kit/http-client';
import type { Random } from '../kit/random';
import { until } from '../kit/until';
import { Load, PLAN } from './load';
import { Crash, OwnDatabase, untilReady } from './own-database';
import type { Scenario } from './scenario';

const CYCLES = 3;
const LONGEST_PEACE_MS = 1_000;
const READY_TIMEOUT_MS = 60_000;
const SERVES_AGAIN_WITHIN_MS = 2_000;
const SERVES_AGAIN_TIMEOUT_MS = 30_000;
const PROBE_INTERVAL_MS = 20;

/** In turn. After the loss of a backend PostgreSQL ends all sessions and starts anew by itself. */
const FAULTS: readonly (Crash | 'kill -9 of a backend')[] = ['kill -9', 'kill -9 of a backend', 'immediate stop'];

/** The end of PostgreSQL, or of one of its processes. */
export const databaseKilled: Scenario = {
  name: 'database-killed',
  good: 'the app stays up, answers 503 with Retry-After, and serves again within 2 s of the database; the history stays valid',
  async run(stage, { cycles = CYCLES, seed, random }, findings) {
    const house = await stage.house(PLAN);
    const app = await stage.app(house.url);
    let isUp = true;
    void app.ended.then(() => (isUp = false));
    const instances = stage.instances([app.url]);
    const load = await Load.start(stage, instances, house, seed);
    const { attempts } = load.recorder;
    const delaysMs: number[] = [];
    const outagesMs: number[] = [];
    const kinds: Record<string, number> = {};
    const probe = probeCommands(stage.client(app.url));
    stage.defer(() => probe.end());
    for (let cycle = 0; cycle < cycles; cycle++) {
      await pause(random.next() * LONGEST_PEACE_MS);
      const fault = FAULTS[cycle % FAULTS.length]!;
      kinds[fault] = (kinds[fault] ?? 0) + 1;
      const before = attempts.length;
      const crashedMs = performance.now();
      if (fault === 'kill -9 of a backend') await killBackend(stage.database, house.url, random);
      else await stage.database.crash(fault);
      const downMs = performance.now();
      if (fault !== 'kill -9 of a backend') await stage.database.restart();
      const readyMs = await untilReady(house.url, READY_TIMEOUT_MS);
      // Sent when it was down, and decided by the database.
      const isServed = ({ sentMs, command, status }: Attempt) =>
        sentMs > downMs && command !== 'read' && status === 200;
      const served = () => attempts.slice(before).find(isServed);
      await until(() => served() !== undefined, SERVES_AGAIN_TIMEOUT_MS);
      const servedMs = served()!.answeredMs!;
      // The app may notice before we do.
      delaysMs.push(Math.max(0, servedMs - readyMs));
      outagesMs.push(servedMs - crashedMs);
    }
    await probe.end();
    await load.end();
    for (const [kind, count] of Object.entries(kinds)) findings.note(kind, count);
    findings.took('longest outage', [Math.max(...outagesMs)]);
    findings.took('served again after the database was ready', delaysMs, SERVES_AGAIN_WITHIN_MS);
    findings.note('probes', JSON.stringify(probe.counts));
    findings.expect(isUp, 'the app ended');
    const unfit = Object.keys(probe.counts).filter(
      (outcome) => !['200', '503 BUSY with Retry-After'].includes(outcome),
    );
    findings.expect(unfit.length === 0, `answers while the database was away: ${unfit.join(', ')}`);
    findings.expect((probe.counts['503 BUSY with Retry-After'] ?? 0) >= cycles, 'the outages were not noticed');
    const lost = load.count(/ECONN|RESET|EPIPE|TIMED_OUT/);
    findings.expect(lost === 0, `${lost} requests were not answered`);
    await load.judge(findings);
  },
};

/** One that is at work for the app, if there is one at this moment. */
async function killBackend(database: OwnDatabase, databaseUrl: string, random: Random): Promise<void> {
  const backends = await query<{ pid: number }>(
    databaseUrl,
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowlock' ORDER BY state = 'idle', pid`,
  );
  const atWork = backends.slice(0, 2);
  await database.killBackend(atWork[random.below(atWork.length)]!.pid);
}

/** Asks for the shows, again and again, and for readiness. Both need the database. */
function probeCommands(target: Target): { counts: Record<string, number>; end(): Promise<void> } {
  const counts: Record<string, number> = {};
  let isOver = false;
  const ask = async (path: string) => {
    while (!isOver) {
      const reply = await target.request('GET', path);
      const outcome = outcomeOf(reply) + ('retry-after' in reply.headers ? ' with Retry-After' : '');
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      await pause(PROBE_INTERVAL_MS);
    }
  };
  const running = Promise.all(['/api/shows/', '/health/ready'].map(ask));
  return {
    counts,
    end: async () => {
      isOver = true;
      await running;
    },
  };
}
