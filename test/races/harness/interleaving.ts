import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'pg';
import type { SeatCommandAnswer } from '../../../src/seats/seat-command';
import type { Order } from './orders';
import type { SteppedSession } from './stepped-session';

/** Far longer than any step takes: past it something hangs. */
const LIMIT_MS = 10_000;

/** Statements that may have to wait for another transaction. */
const MAY_WAIT = /FOR UPDATE|pg_advisory_xact_lock|^(INSERT|UPDATE|WITH stored)/;

/** Sees from outside which backend waits for which. */
export class LockObserver {
  static async open(databaseUrl: string): Promise<LockObserver> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new LockObserver(client);
  }

  private constructor(private readonly client: Client) {}

  /**
   * The backends that wait for a lock of a session, each with the backends of sessions that it waits for.
   *
   * A wait for anything else passes by itself and says nothing about the sessions. Under load an INSERT into the ledger
   * was once reported as such a wait. pg_locks and pg_stat_activity, read whenever pg_blocking_pids named a backend
   * that is no session's, with two busy loops beside and autovacuum every second, gave the reason: the INSERT waited
   * for its RowExclusiveLock on the table, which an autovacuum worker held in AccessExclusiveLock (wait event
   * DataFileTruncate) to cut off the pages that an emptied house had left.
   */
  async blocked(processIds: readonly number[], sessions: readonly SteppedSession[]): Promise<Map<number, number[]>> {
    const { rows } = await this.client.query<{ pid: number; blockers: number[] }>({
      name: 'blocked',
      text: 'SELECT pid, pg_blocking_pids(pid) AS blockers FROM unnest($1::int[]) AS pid',
      values: [processIds],
    });
    const ownBlockers = (blockers: number[]) =>
      blockers.filter((blocker) => sessions.some((session) => session.processIds.has(blocker)));
    const own = rows.map(({ pid, blockers }) => [pid, ownBlockers(blockers)] as const);
    return new Map(own.filter(([, blockers]) => blockers.length > 0));
  }

  async terminate(processId: number): Promise<void> {
    await this.client.query('SELECT pg_terminate_backend($1)', [processId]);
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** How a connection is lost: the client's end closes its socket, or PostgreSQL ends the session. */
export type Loss = 'cut' | 'terminated';

/** The task of a session. */
export type Work = (session: SteppedSession) => Promise<SeatCommandAnswer>;

/**
 * A session loses its connection behind the last of its steps in the order: once that is done or has to wait, or, with
 * `isAtOnce`, before any answer to it.
 */
export interface Losing {
  readonly session: number;
  readonly loss: Loss;
  readonly isAtOnce: boolean;
}

/** The course of sessions that took their steps in one order. */
export interface Run {
  /** At which place of the order each session began. */
  readonly began: readonly number[];
  /** At which place of the order each session's command had ended; the length of the order where that was later. */
  readonly ended: readonly number[];
  /** The statements that had to wait. */
  readonly waited: ReadonlySet<string>;
}

/**
 * Lets sessions take their steps in an order. A session that waits for another's lock when it is its turn takes those
 * steps as soon as it can, before any other session's turn. All steps beyond one transaction, as when a session starts
 * again after a conflict, comes at the end.
 *
 * @throws Error when sessions wait for each other, or one hangs
 */
export async function interleave(
  sessions: readonly SteppedSession[],
  work: readonly Work[],
  order: Order,
  observer: LockObserver,
  losing?: Losing,
): Promise<Run> {
  const taken = sessions.map(() => 0);
  const began = sessions.map(() => order.length);
  const ended = sessions.map(() => order.length);
  const waited = new Set<string>();
  const settle = async (place: number) => {
    for (const { current } of await untilAtRest(sessions, observer)) waited.add(current!);
    for (const [index, session] of sessions.entries()) {
      if (taken[index]! > 0 && session.ending) ended[index] = Math.min(ended[index]!, place);
    }
  };
  const placeOfLoss = losing ? order.lastIndexOf(losing.session) : -1;

  for (const [place, index] of order.entries()) {
    const session = sessions[index]!;
    const isLoss = place === placeOfLoss;
    if (taken[index] === 0) {
      began[index] = place;
      session.start(work[index]!);
    }
    session.allow(++taken[index]!);
    if (!isLoss || !losing!.isAtOnce) await settle(place);
    if (isLoss) {
      await (losing!.loss === 'cut' ? session.lose() : session.lose((processId) => observer.terminate(processId)));
      await settle(place);
    }
  }
  await finish(sessions, observer);
  return { began, ended, waited };
}

/** Lets the sessions end their work, one after the other as far as they don't wait. */
export async function finish(sessions: readonly SteppedSession[], observer: LockObserver): Promise<void> {
  const giveUpMs = performance.now() + LIMIT_MS;
  while (!sessions.every((session) => session.isFinished)) {
    if (performance.now() > giveUpMs) throw new Error(`Not finished within ${LIMIT_MS} ms`);
    for (const session of sessions) {
      session.allow(Infinity);
      await untilAtRest(sessions, observer);
    }
  }
}

/**
 * Waits until every session is at rest or waits for another session's lock, and returns those that wait. There is no
 * timer: the database itself is asked again and again, and only where a statement may have to wait.
 */
export async function untilAtRest(
  sessions: readonly SteppedSession[],
  observer: LockObserver,
): Promise<SteppedSession[]> {
  const giveUpMs = performance.now() + LIMIT_MS;
  for (;;) {
    // Work within this process is done after a turn of its event loop.
    await turn();
    const busy = sessions.filter((session) => !session.isAtRest);
    if (busy.length === 0) return [];
    if (performance.now() > giveUpMs) throw new Error(`Neither done nor waiting for a lock: ${busy[0]!.current}`);
    if (!busy.every(({ current }) => current !== undefined && MAY_WAIT.test(current))) {
      // The product bounds every statement and every wait for a connection.
      await Promise.race(busy.map((session) => session.happened()));
      continue;
    }
    const events = eventsOf(sessions);
    const blocked = await observer.blocked(
      busy.map((session) => session.processId!),
      sessions,
    );
    // An event in the meantime may have let a session go on.
    if (events !== eventsOf(sessions) || !busy.every((session) => blocked.has(session.processId!))) continue;
    const circle = circleIn(blocked);
    if (circle) throw new Error(`Deadlock: backend ${circle.join(' waits for ')}`);
    return busy;
  }
}

function eventsOf(sessions: readonly SteppedSession[]): number {
  return sessions.reduce((sum, session) => sum + session.events, 0);
}

/** Backends that wait for each other in a circle, from one back to itself. */
function circleIn(blocked: ReadonlyMap<number, readonly number[]>): number[] | undefined {
  const follow = (trail: readonly number[]): number[] | undefined => {
    for (const blocker of blocked.get(trail.at(-1)!) ?? []) {
      const circle = trail.includes(blocker) ? [...trail, blocker] : follow([...trail, blocker]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const pid of blocked.keys()) {
    const circle = follow([pid]);
    if (circle) return circle;
  }
  return undefined;
}
