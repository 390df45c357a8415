import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ask } from '../checkers/attempt';
import type { Attempt } from '../checkers/history';
import { STOP_ALL, STOP_COMMANDS } from '../kit/blocker';
import { query } from '../kit/database-server';
import type { House } from '../kit/house';
import { outcomeOf, Target } from '../kit/http-client';
import { until } from '../kit/until';
import { guests } from '../people/target';
import { Load, PLAN } from './load';
import type { Scenario } from './scenario';
import { FaultStage, sessionsOf } from './stage';

const CYCLES = 1;
const LOAD_MS = 1_000;
const LOCKS_FREE_WITHIN_MS = 5_000;
const NORMAL_AGAIN_WITHIN_MS = 30_000;
/** The defaults of the settings: waiting for one's turn, for a connection, and for an answer that does not come. */
const QUEUE_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const ANSWER_TIMEOUT_MS = 6_000;
const DEADLINE_MS = QUEUE_TIMEOUT_MS + CONNECT_TIMEOUT_MS + ANSWER_TIMEOUT_MS;
/** An answer that came through at the last moment is told a little later. */
const ON_ITS_WAY_MS = 200;
const POOL = 8;
const LANES = 2;
/** The places that requests can be seen to use: those of reads, and one of each lane. */
const PLACES = { reads: 3, lanes: LANES } as const;
/** Shorter than the wait for a lock, after which the readers would give up. */
const ALL_WAIT_WITHIN_MS = 1_500;

interface Hole {
  readonly stalledMs: number;
  readonly resumedMs: number;
}

/** Between app and database nothing arrives any more, and neither side is told so. */
export const blackHole: Scenario = {
  name: 'black-hole',
  good: `requests end within ${DEADLINE_MS / 1_000} s with 503; row locks are free within 5 s; no connection leaks`,
  async run(stage, { cycles = CYCLES, seed, random }, findings) {
    const house = await stage.house(PLAN);
    const proxy = await stage.proxy(house.url);
    const app = await stage.app(proxy.url, { DATABASE_POOL_MAX: String(POOL), COMBINE_LANES: String(LANES) });
    const instances = stage.instances([app.url]);
    const load = await Load.start(stage, instances, house, seed);
    const { attempts } = load.recorder;
    const holes: Hole[] = [];
    const locksMs: number[] = [];
    const recoveriesMs: number[] = [];
    const sessions: string[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      await pause(random.next() * LOAD_MS);
      // Transactions that are about to get their locks will have them, and the app will not hear of it.
      const blocker = await stage.block(house.url, STOP_COMMANDS);
      await until(async () => (await blocker.waiting()) > 0);
      proxy.stall();
      await blocker.release();
      const stalledMs = performance.now();
      await until(async () => (await holdingLocks(house.url)) > 0, LOCKS_FREE_WITHIN_MS);
      await until(async () => (await holdingLocks(house.url)) === 0, 2 * LOCKS_FREE_WITHIN_MS);
      locksMs.push(performance.now() - stalledMs);
      await pause(Math.max(0, stalledMs + DEADLINE_MS - performance.now()));
      const lost = (await sessionsOf(house.url)).pids;

      proxy.resume();
      const resumedMs = performance.now();
      holes.push({ stalledMs, resumedMs });
      const known = attempts.length;
      const isServed = ({ sentMs, status, command }: Attempt) =>
        sentMs > resumedMs && status === 200 && command !== 'read';
      await until(() => attempts.slice(known).some(isServed), NORMAL_AGAIN_WITHIN_MS);
      recoveriesMs.push(performance.now() - resumedMs);
      // The connections of the hole are no more, at either end, and their places in the pool are free.
      await until(
        async () => (await sessionsOf(house.url)).pids.every((pid) => !lost.includes(pid)),
        NORMAL_AGAIN_WITHIN_MS,
      );
      sessions.push(`${lost.length}, ${(await sessionsOf(house.url)).pids.length}`);
    }
    await load.end();
    const usable = await usableConnections(stage, house, instances);

    const inHole = holes.flatMap((hole) => caughtIn(hole, attempts).map((attempt) => ({ attempt, hole })));
    const tookMs = inHole.map(
      ({ attempt, hole }) => (attempt.answeredMs ?? Infinity) - Math.max(attempt.sentMs, hole.stalledMs),
    );
    const unfit = inHole.filter(
      ({ attempt, hole }) => attempt.status !== 503 && (attempt.answeredMs ?? 0) < hole.resumedMs,
    );
    findings.note('holes', cycles);
    findings.note('requests in a hole', inHole.length);
    findings.took('the longest of them', [Math.max(...tookMs)], DEADLINE_MS);
    findings.took('row locks free after', locksMs, LOCKS_FREE_WITHIN_MS);
    findings.took('served again after', recoveriesMs);
    findings.note('sessions at the end of the hole, and afterwards', sessions.join('; '));
    for (const [pool, places] of Object.entries(PLACES)) {
      const used = usable[pool as keyof typeof PLACES];
      findings.note(`places for ${pool} that can be used afterwards`, `${used} of ${places}`);
      findings.expect(used === places, `of ${places} places for ${pool} ${used} can be used afterwards`);
    }
    findings.expect(inHole.length > 0, 'nobody was in a hole');
    const got = unfit.map(({ attempt }) => outcomeOf(attempt));
    findings.expect(unfit.length === 0, `${unfit.length} requests in a hole got ${got[0]}`);
    await load.judge(findings);
  },
};

/** The attempts whose answers would have had to come through. Those of people that hung up themselves tell nothing. */
function caughtIn({ stalledMs, resumedMs }: Hole, attempts: readonly Attempt[]): Attempt[] {
  const endMs = ({ answeredMs }: Attempt) => answeredMs ?? Infinity;
  return attempts.filter(
    (attempt) => attempt.sentMs < resumedMs && attempt.code !== 'DROPPED' && endMs(attempt) > stalledMs + ON_ITS_WAY_MS,
  );
}

/** How many connections of each pool the app can have at work at once: those seen to wait for a lock side by side. */
async function usableConnections(
  stage: FaultStage,
  house: House,
  target: Target,
): Promise<Record<keyof typeof PLACES, number>> {
  const showIds = house.showIds[0]!.slice(0, 2 * POOL);
  const holders = await guests(target, LANES);
  const blocker = await stage.block(house.url, STOP_ALL);
  const requests = [
    ...showIds.map((id) => target.request('GET', `/api/seats/?show_id=${id}`)),
    // Shows that follow each other are in different lanes.
    ...holders.map((holder, index) =>
      ask(target, { holder, command: 'release', showId: showIds[index]!, seats: ['A/1'] }),
    ),
  ];
  const waiting = async () => ({
    reads: await waitingWith(house.url, '%seat_now%'),
    lanes: await waitingWith(house.url, '%FOR UPDATE%'),
  });
  await until(async () => isDeepStrictEqual(await waiting(), PLACES), ALL_WAIT_WITHIN_MS).catch(() => undefined);
  const seen = await waiting();
  await blocker.release();
  await Promise.all(requests);
  return seen;
}

async function waitingWith(databaseUrl: string, statement: string): Promise<number> {
  const [row] = await query<{ count: number }>(
    databaseUrl,
    `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'rowlock' AND wait_event_type = 'Lock' AND query LIKE $1`,
    [statement],
  );
  return row!.count;
}

/** Transactions of the app that have got as far as their row locks. */
async function holdingLocks(databaseUrl: string): Promise<number> {
  const [row] = await query<{ count: number }>(
    databaseUrl,
    `SELECT count(DISTINCT pid)::int AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE datname = current_database() AND application_name = 'rowlock'
        AND relation = 'seat'::regclass AND mode = 'RowShareLock' AND granted`,
  );
  return row!.count;
}
