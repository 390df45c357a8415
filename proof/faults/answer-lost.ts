import { isDeepStrictEqual } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../checkers/attempt';
import type { Command } from '../checkers/commands';
import { query } from '../kit/database-server';
import type { House } from '../kit/house';
import type { Target } from '../kit/http-client';
import { guests, Holder, shows } from '../people/target';
import { Load, PLAN } from './load';
import type { Findings, Scenario } from './scenario';

/** In each, every command loses its answer in every way. */
const CYCLES = 2;
const SECONDS = 5;
/** Of the commits under load. */
const LOST_EVERY = 3;
/** The app gives up waiting for a silent answer after this time and a second. */
const STATEMENT_TIMEOUT_MS = 300;

const COMMANDS: readonly Command[] = ['hold', 'release', 'hold', 'book'];
const WAYS = ['broken', 'silent'] as const;

/** The connection breaks, or goes silent, between the database's answer to COMMIT and the app. */
export const answerLost: Scenario = {
  name: 'answer-lost',
  good: 'the retry under the same key gives the same answer; exactly one transition',
  async run(stage, { cycles = CYCLES, seconds = SECONDS, seed }, findings) {
    // The shows of the first part are not for the people: their history must begin with the first read of a show.
    const house = await stage.house([...PLAN, { shows: WAYS.length * cycles, rows: 1, seatsPerRow: 2 }]);
    const ownShows = house.showIds.at(-1)!;
    const proxy = await stage.proxy(house.url);
    const timeoutMs = String(STATEMENT_TIMEOUT_MS);
    const settings = { STATEMENT_TIMEOUT_MS: timeoutMs, LOCK_TIMEOUT_MS: timeoutMs };
    // Nothing lapses while the app waits for an answer that will not come.
    const client = stage.client((await stage.app(proxy.url, { ...settings, HOLD_TTL_SECONDS: '600' })).url);
    const [holder] = (await guests(client, 1)) as [Holder];
    const losses = Array.from({ length: cycles }, () =>
      WAYS.flatMap((way) => COMMANDS.map((command) => ({ way, command }))),
    ).flat();
    for (const [index, { way, command }] of losses.entries()) {
      const showId = ownShows[Math.floor(index / COMMANDS.length)]!;
      const key = `lost-${index}`;
      const loss = { showId, command, key, lose: () => proxy.loseCommits(1, way), keep: () => proxy.loseCommits(0) };
      await loseOne(client, holder, loss, findings);
    }
    const lostAlone = proxy.lostCommits;
    findings.note('answers lost one by one', lostAlone);
    findings.expect(lostAlone === losses.length, `${lostAlone} answers were lost, not ${losses.length}`);
    await expectOneStepEach(house, holder, losses.length, findings);

    const instances = stage.instances([(await stage.app(proxy.url, settings)).url]);
    const load = await Load.start(stage, instances, { ...house, showIds: house.showIds.slice(0, PLAN.length) }, seed);
    proxy.loseCommits(LOST_EVERY);
    await pause(seconds * 1_000);
    proxy.loseCommits(0);
    await load.end();
    findings.note('answers lost under load', proxy.lostCommits - lostAlone);
    findings.expect(proxy.lostCommits > lostAlone, 'no answer was lost under load');
    await load.judge(findings);
  },
};

interface Loss {
  readonly showId: number;
  readonly command: Command;
  readonly key: string;
  lose(): void;
  keep(): void;
}

/** One command whose commit is not told: its outcome is unknown until the same is sent again. */
async function loseOne(
  target: Target,
  holder: Holder,
  { showId, command, key, lose, keep }: Loss,
  findings: Findings,
): Promise<void> {
  const { seats } = (await shows(target, [showId]))[0]!;
  const send = (withKey?: string) => ask(target, { holder, command, showId, seats, key: withKey });
  lose();
  const first = await send(key);
  keep();
  const detail = (first.body as { detail?: string } | undefined)?.detail;
  const isToldSo = first.status === 503 && detail === 'The outcome is not known; send the same request again.';
  findings.expect(isToldSo, `a ${command}, whose answer was lost, got ${first.status} ${first.code}: ${detail}`);
  const retries = [await send(key), await send(key)];
  for (const { status, code, isReplayed, body } of retries) {
    const how = isReplayed ? 'stored' : 'decided anew';
    findings.expect(status === 200 && isReplayed, `the retry of a ${command} got ${status} ${code}, ${how}`);
    const isSame = isDeepStrictEqual(withoutClock(body), withoutClock(retries[0]!.body));
    findings.expect(isSame, `two retries of a ${command} got different answers`);
  }
  if (command === 'release') return;
  // A hold or a booking that is there already is told again without a key as well, with nothing changed.
  const { status, body } = await send();
  const told = (answer: unknown) => {
    const { seats: held, booking } = (answer ?? {}) as { seats?: unknown; booking?: { id: string } };
    return booking?.id ?? held;
  };
  const isSame = status === 200 && isDeepStrictEqual(told(body), told(retries[0]!.body));
  findings.expect(isSame, `a ${command} without the key got ${status} and another answer`);
}

/** Each of the commands above changed two seats, once. */
async function expectOneStepEach(house: House, { id }: Holder, commands: number, findings: Findings): Promise<void> {
  const steps = await query<{ command: string; count: number }>(
    house.url,
    `SELECT command, count(*)::int AS count FROM seat_transition WHERE holder_id = $1 GROUP BY command`,
    [id],
  );
  const total = steps.reduce((sum, { count }) => sum + count, 0);
  findings.expect(
    total === 2 * commands,
    `${total} steps for ${commands} commands of two seats: ${JSON.stringify(steps)}`,
  );
}

/** A stored answer is told again with the time of now, and with nothing else changed. */
function withoutClock(body: unknown): object {
  return { ...(body as object), server_time: undefined };
}
