import { verifyLedger } from '../../../src/ledger/ledger-verifier';
import { SeatCommand, seatCommand, SeatCommandAnswer } from '../../../src/seats/seat-command';
import { seats } from '../../support/client';
import { createTestDatabase, TestDatabase } from '../../support/database';
import { closeHouse } from '../../support/house';
import { Case, limitsOf } from './interleaved-cases';
import { finish, interleave, LockObserver, Work } from './interleaving';
import {
  endingText,
  indicesOf,
  meetAtSeats,
  normalized,
  Plan,
  Seen,
  serialText,
  wrongWith,
} from './interleaving-verdict';
import { ordersOf, permutationsOf } from './orders';
import { createScenes, ledgerTexts, seatTexts } from './scenes';
import type { CaseCommand } from './serial-model';
import { StepCount, SteppedSession } from './stepped-session';

/** Runs cases on a database of its own, with one session for each command. */
export class CaseRunner {
  readonly sessions: SteppedSession[] = [];

  static async open(): Promise<CaseRunner> {
    const database = await createTestDatabase();
    return new CaseRunner(database, await LockObserver.open(database.url));
  }

  private constructor(
    readonly database: TestDatabase,
    readonly observer: LockObserver,
  ) {}

  /** Leaves an empty house: every case verifies all that is there, by its own limit. */
  async clear(): Promise<void> {
    await Promise.all(this.sessions.splice(0).map((session) => session.close()));
    await closeHouse(this.database.dataSource);
  }

  async close(): Promise<void> {
    await this.observer.close();
    await this.database.drop();
  }

  /** Every one of the `count` orders must be right, and every serial sequence the explanation of some of them. */
  async expectAllRight(given: Case, stepCount: StepCount, count: number): Promise<void> {
    const plans = ordersOf(given.commands.map(() => stepCount)).map((order) => ({ order }));
    const { seen, findings, outcomes, leftOpen, conflicts } = await this.runAll(given, stepCount, plans);
    const waits = seen.filter(({ waited }) => waited.size > 0).length;
    const meets = plans.filter(({ order }) => meetAtSeats(given, order)).length;
    expect({ orders: seen.length, waits, conflicts, findings, leftOpen }).toEqual({
      orders: count,
      waits: given.waits ?? meets,
      conflicts: given.conflicts ?? {},
      findings: [],
      leftOpen: 0,
    });
    const serial = new Set(permutationsOf(indicesOf(given)).map((sequence) => serialText(given, sequence)));
    expect(outcomes).toEqual(serial);
  }

  /** Runs the commands of a case in every one of these orders, each in a show of its own, and says what is wrong. */
  async runAll(given: Case, stepCount: StepCount, plans: readonly Plan[]) {
    const showIds = await createScenes(this.database.dataSource, given.seats, plans.length);
    await this.openSessions(given, stepCount);
    const seen: Seen[] = [];
    for (const [index, plan] of plans.entries()) seen.push(await this.run(given, plan, showIds[index]!));

    const { listed } = await verifyLedger(this.database.dataSource, {
      holdLimit: limitsOf(given).held,
      seatLimit: limitsOf(given).seats,
    });
    const [stored, ledgers] = [
      await seatTexts(this.database.dataSource, showIds),
      await ledgerTexts(this.database.dataSource, showIds),
    ];
    const outcomes = new Set<string>();
    const findings = listed.map((violation) => JSON.stringify(violation));
    for (const each of seen) {
      const outcome = normalized(
        [...each.endings, ...(each.again ? [each.again] : [])].map(endingText),
        stored.get(each.showId)!,
      );
      outcomes.add(outcome);
      const wrong = wrongWith(given, each, outcome, ledgers.get(each.showId) ?? []);
      findings.push(...wrong.map((what) => `order ${each.order.join('')}: ${what}`));
    }
    const conflicts: Record<string, number> = {};
    for (const failure of this.sessions.flatMap(({ failures }) => failures))
      conflicts[failure] = (conflicts[failure] ?? 0) + 1;
    const leftOpen = this.sessions.reduce((sum, session) => sum + session.leftOpen, 0);
    return { seen, findings: findings.slice(0, 5), outcomes, leftOpen, conflicts };
  }

  async openSessions(given: Case, stepCount: StepCount): Promise<void> {
    const { held, seats: most } = limitsOf(given);
    const settings = {
      MAX_HELD_SEATS_PER_HOLDER: String(held),
      MAX_SEATS_PER_HOLDER: String(most),
      LOCK_TIMEOUT_MS: '10000',
    };
    for (let opened = 0; opened < given.commands.length; opened++)
      this.sessions.push(await SteppedSession.open(this.database.url, stepCount, settings));
  }

  private async run(given: Case, { order, losing }: Plan, showId: number): Promise<Seen> {
    const work = given.commands.map((each, index): Work => {
      // Without the queue, which would try again on another connection: the loss itself is under test.
      if (index === losing?.session)
        return async ({ machine }) => (await machine.execute([commandOf(each, showId)]))[0]!;
      return (session) => submit(session, each, showId);
    });
    const seen = await interleave(this.sessions, work, order, this.observer, losing);
    const endings = this.sessions.map(({ ending }) => ending!);
    const answeredEarly = this.sessions.some((session) => session.answeredEarly);
    const isUncertain = this.sessions.some(({ uncertainShowIds }) => uncertainShowIds.includes(showId));
    const facts = { ...seen, order, losing, showId, endings, answeredEarly, isUncertain };
    if (!losing) return facts;

    const session = this.sessions[losing.session]!;
    session.start((own) => submit(own, given.commands[losing.session]!, showId));
    await finish(this.sessions, this.observer);
    return { ...facts, again: session.ending! };
  }
}

/** Sends a command as the app does. */
export function submit(session: SteppedSession, command: CaseCommand, showId: number): Promise<SeatCommandAnswer> {
  return session.queue.submit(commandOf(command, showId));
}

/** Each show has a key of its own. */
function commandOf({ name, holder, seats: names, key }: CaseCommand, showId: number): SeatCommand {
  const idempotencyKey = key === undefined ? {} : { idempotencyKey: `${key}-${showId}` };
  const reason = name === 'block' ? { reason: 'broken' } : {};
  const request = { name, holderId: holder, actorId: holder, showId, seats: seats(...names) };
  return seatCommand({ ...request, ...idempotencyKey, ...reason });
}
