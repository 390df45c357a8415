import type { DataSource, QueryRunner } from 'typeorm';
import { onMaintenanceConnection } from '../platform/database/maintenance';
import { milliseconds } from '../platform/instant';
import { Seal, Seals } from '../platform/seals';
import { brokenBy, SEAL_RULES, SeatChain } from './ledger-chain';
import { headContent, LedgerHead, Opening, openingContent, UnsealedDigest } from './ledger-head';
import { LEDGER_RULES, LedgerViolation, ReplayLimits, SeatReplay } from './ledger-replay';
import { hex, ledgerStep, REPLAY_SQL, ReplayRow, storedSeat, StepRow, unsealedContent } from './ledger-rows';
import { findSchemaFaults, SCHEMA_RULES } from './ledger-schema';
import { HEAD_RULES, HeadCheck, HeadMaker } from './show-heads';
import { readHeads, readOpening, SealedHead, SealedOpening } from './stored-heads';

/** What must hold of the bookings, beyond what the ledger of each seat says. */
const BOOKING_RULES = {
  BOOKING_SEATS: "a booking's seats are exactly those whose ledger ends in it",
  BOOKING_EXISTS: 'every booked seat has a booking',
  BOOKING_HOLDER: "a booking is its seats' holder's",
  BOOKING_TIME: 'all seats of a booking are booked at its time',
  ONE_TRANSACTION: 'a booking, its seats and their steps are written by one transaction',
  BOOKING_NOT_EMPTY: 'no booking is without seats',
  BOOKING_PRICE: 'a sold seat costs what its step charged',
  BOOKING_TOTAL: "a booking's total is the sum of its seats' prices",
  BOOKING_CURRENCY: "a booking's currency is its show's",
  BOOKING_SEAL: 'a booking has the seal of its columns and its seats, if its steps have seals',
} as const;

const ANSWER_RULES = {
  ANSWER_TRUE: 'a stored answer tells of holds and bookings that were made',
  ANSWER_SEAL: 'a stored answer has the seal of its columns',
} as const;

const LIMIT_RULES = {
  HOLD_LIMIT: 'nobody holds more seats of a show than the limit',
  SEAT_LIMIT: 'nobody has more seats of a show, held and booked, than the limit',
  HOLD_SLOT: 'the slots of a holder are counted from 1, and no further than holds were made',
} as const;

const READ_RULES = { SEAT_NOW: 'readers see every seat as it is stored, and a lapsed hold as AVAILABLE' } as const;

const SHOW_RULES = {
  ...HEAD_RULES,
  HEAD_SEAL: 'every signed head has a seal, and none is missing',
  UNSEALED: 'steps without a seal are those of versions that sealed nothing, and as many as there were',
  OPENING: 'the ledger says since when it is sealed, and no seal is older',
} as const;

/** Every rule, and what it says. */
export const RULES = {
  ...LEDGER_RULES,
  ...BOOKING_RULES,
  ...ANSWER_RULES,
  ...LIMIT_RULES,
  ...READ_RULES,
  ...SEAL_RULES,
  ...SHOW_RULES,
  ...SCHEMA_RULES,
};

/** Something that does not agree. Null where a show, a booking or a holder is meant, not a seat or a step. */
export interface Violation {
  readonly rule: keyof typeof RULES;
  /** Null where it is about no show. */
  readonly showId: number | null;
  readonly row: string | null;
  readonly number: number | null;
  readonly version: number | null;
  readonly bookingId: string | null;
  /** What was found, for people. */
  readonly detail: string;
}

export interface VerifyOptions {
  /** How many violations are listed; all are counted. */
  readonly listMax?: number;
  /** Most live held seats of one holder in one show; not checked without it. */
  readonly holdLimit?: number;
  /** Most seats of one holder in one show, live held and booked; not checked without it. */
  readonly seatLimit?: number;
  /** The longest that a hold may have lasted; a day without it. */
  readonly holdTtlMs?: number;
  /** The rows came from a dump: they no longer tell which transaction wrote them. */
  readonly isRestored?: boolean;
  /** Whether sales must have been made within the sales windows as they are now. */
  readonly checksSales?: boolean;
  /** Whether the tables are compared with what the migrations make. */
  readonly checksSchema?: boolean;
  /** Knows the secrets; without it no seal is checked. */
  readonly seals?: Seals;
  /** Heads that were exported earlier. */
  readonly heads?: ReadonlyMap<number, LedgerHead>;
}

export interface VerificationReport {
  readonly shows: number;
  readonly seats: number;
  readonly transitions: number;
  /** How many of them have no seal. */
  readonly unsealed: number;
  readonly bookings: number;
  readonly areSealsChecked: boolean;
  readonly violations: number;
  /** The first of them. */
  readonly listed: readonly Violation[];
  readonly seconds: number;
}

const LIST_MAX = 100;
const ROWS_PER_FETCH = 5_000;

/** Joins in linear time also where statistics are old: a look-up for each row, and starting quickly, are for small results. */
const PLAN_FOR_READING_EVERYTHING = `
  SET LOCAL enable_nestloop = off;
  SET LOCAL cursor_tuple_fraction = 1;
  SET LOCAL work_mem = '64MB';
  SET LOCAL jit = off`;

/**
 * Replays the whole ledger and compares it with the seats, the bookings, the stored answers and the signed heads. All of it
 * is one snapshot of the database, so the answer is true also while seats are sold; memory does not grow with the ledger,
 * time does linearly. Changes nothing.
 *
 * @param takeHead gets the head of each show that has steps, as of this snapshot
 */
export function verifyLedger(
  dataSource: DataSource,
  options: VerifyOptions = {},
  takeHead?: (head: LedgerHead) => void,
): Promise<VerificationReport> {
  const startedMs = performance.now();
  const listed: Violation[] = [];
  let violations = 0;
  const report = (violation: Violation) => {
    violations++;
    if (listed.length < (options.listMax ?? LIST_MAX)) listed.push(violation);
  };
  return onMaintenanceConnection(dataSource, async (runner) => {
    // Makes and drops temporary tables, so it comes before the transaction that changes nothing.
    if (options.checksSchema) await findSchemaFaults(dataSource, runner, (fault) => report({ ...NOWHERE, ...fault }));
    await runner.query('START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await runner.query(PLAN_FOR_READING_EVERYTHING);
    const [counts] = await runner.manager.query<
      (Record<'shows' | 'seats' | 'transitions' | 'unsealed' | 'bookings', string> & { now_ms: number })[]
    >(`
      SELECT (SELECT count(*) FROM show) AS shows, (SELECT count(*) FROM seat) AS seats,
             (SELECT count(*) FROM seat_transition) AS transitions,
             (SELECT count(*) FROM seat_transition WHERE seal IS NULL) AS unsealed,
             (SELECT count(*) FROM booking) AS bookings, ${milliseconds('statement_timestamp()')} AS now_ms`);
    await new LedgerReplay(runner, options, counts!.now_ms, report, takeHead).run();
    await findRows(runner, stepsWithoutSeat, report);
    await findRows(runner, bookedSeats(!options.isRestored), report);
    await findRows(runner, bookings, report);
    if (options.holdLimit !== undefined) {
      await findRows(runner, seatsBeyond('HOLD_LIMIT', ['HELD'], options.holdLimit), report);
    }
    if (options.seatLimit !== undefined) {
      await findRows(runner, seatsBeyond('SEAT_LIMIT', ['HELD', 'BOOKED'], options.seatLimit), report);
    }
    await findRows(runner, untrueAnswers, report);
    await findRows(runner, wrongSlots, report);
    await findRows(runner, seenOtherwise, report);
    if (options.seals) await checkSealsOfBookings(runner, options.seals, report);
    await runner.query('COMMIT');
    return {
      shows: Number(counts!.shows),
      seats: Number(counts!.seats),
      transitions: Number(counts!.transitions),
      unsealed: Number(counts!.unsealed),
      bookings: Number(counts!.bookings),
      areSealsChecked: options.seals !== undefined,
      violations,
      listed,
      seconds: (performance.now() - startedMs) / 1_000,
    };
  });
}

type Report = (violation: Violation) => void;

const NOWHERE = { showId: null, row: null, number: null, version: null, bookingId: null } as const;

/** Reads every step once, in order of show, row, number and version, and checks all that depends on this order. */
class LedgerReplay {
  private opening: SealedOpening | undefined;
  private seat: { row: ReplayRow; replay: SeatReplay; chain: SeatChain } | undefined;
  private show: ShowCheck | undefined;
  /** The stored heads of the shows that were fetched and not replayed yet. */
  private readonly storedHeads = new Map<number, SealedHead | undefined>();
  private firstSealedAtMs = Infinity;

  constructor(
    private readonly runner: QueryRunner,
    private readonly options: VerifyOptions,
    private readonly nowMs: number,
    private readonly report: Report,
    private readonly takeHead: ((head: LedgerHead) => void) | undefined,
  ) {}

  async run(): Promise<void> {
    this.opening = await readOpening(this.runner.manager);
    const visited = new Set<number>();
    await forEachRow<ReplayRow>(
      this.runner,
      REPLAY_SQL,
      (row) => {
        visited.add(row.show_id);
        this.take(row);
      },
      async (rows) => {
        const wanted = [...new Set(rows.map(({ show_id }) => show_id))].filter((id) => !this.storedHeads.has(id));
        const heads = await readHeads(this.runner.manager, wanted);
        for (const id of wanted) this.storedHeads.set(id, heads.get(id));
      },
    );
    this.endSeat();
    this.endShow();
    const idle = await this.runner.manager.query<{ show_id: number }[]>('SELECT show_id FROM ledger_head');
    const others = new Set([...idle.map(({ show_id }) => show_id), ...(this.options.heads?.keys() ?? [])]);
    for (const id of [...others].filter((showId) => !visited.has(showId))) {
      this.show = this.newShow(id, (await readHeads(this.runner.manager, [id])).get(id));
      this.endShow();
    }
    if (this.options.seals) this.checkOpening(this.options.seals, idle.length);
  }

  private take(row: ReplayRow): void {
    if (
      this.seat?.row.show_id !== row.show_id ||
      this.seat.row.row !== row.row ||
      this.seat.row.number !== row.number
    ) {
      this.endSeat();
      if (this.show?.showId !== row.show_id) {
        this.endShow();
        this.show = this.newShow(row.show_id, this.storedHeads.get(row.show_id));
        this.storedHeads.delete(row.show_id);
      }
      const seat = { showId: row.show_id, row: row.row, number: row.number };
      this.seat = { row, replay: new SeatReplay(this.limitsOf(row)), chain: new SeatChain(seat, this.options.seals) };
    }
    if (!hasStep(row)) return;
    const { replay, chain } = this.seat;
    const step = ledgerStep(row);
    this.tell(row, replay.take(step));
    this.tell(row, chain.take(step));
    this.show!.take(row, chain.lastSeal);
    if (step.seal !== null) this.firstSealedAtMs = Math.min(this.firstSealedAtMs, step.atMs);
  }

  private endSeat(): void {
    if (!this.seat) return;
    const { row, replay, chain } = this.seat;
    this.tell(row, replay.finish(storedSeat(row)));
    this.tell(row, chain.finish(row.seat_seal));
  }

  private endShow(): void {
    if (!this.show) return;
    this.show.finish();
    const head = this.show.maker?.finish(this.show.showId, this.nowMs);
    if (head) this.takeHead!(head);
    this.show = undefined;
  }

  private newShow(showId: number, stored: SealedHead | undefined): ShowCheck {
    const exported = this.options.heads?.get(showId);
    const { seals } = this.options;
    const report = (violation: Omit<Violation, 'showId' | 'bookingId'>) =>
      this.report({ showId, bookingId: null, ...violation });
    return new ShowCheck(showId, {
      stored,
      exported,
      seals,
      opening: this.opening,
      report,
      makesHead: !!this.takeHead,
    });
  }

  private limitsOf({ sales_open_ms: openMs, sales_close_ms: closeMs }: ReplayRow): ReplayLimits {
    const { holdTtlMs, checksSales } = this.options;
    return { holdTtlMs, sales: checksSales && openMs !== null && closeMs !== null ? { openMs, closeMs } : undefined };
  }

  private tell({ show_id, row, number }: ReplayRow, found: readonly LedgerViolation<Violation['rule']>[]): void {
    for (const violation of found) this.report({ showId: show_id, row, number, bookingId: null, ...violation });
  }

  private checkOpening(seals: Seals, heads: number): void {
    const tell = (rule: Violation['rule'], detail: string) => this.report({ ...NOWHERE, rule, detail });
    const { opening } = this;
    if (!opening) {
      if (this.firstSealedAtMs < Infinity || heads > 0) tell('OPENING', 'there are seals, and no word since when');
      return;
    }
    const broken = brokenBy(seals.check(opening.seal, openingContent(opening)));
    if (broken) tell(broken.rule ?? 'OPENING', broken.detail);
    if (this.firstSealedAtMs < opening.openedAtMs) {
      tell('OPENING', `sealed since ${iso(opening.openedAtMs)}, with a step of ${iso(this.firstSealedAtMs)}`);
    }
    if (heads !== opening.heads) tell('HEAD_SEAL', `${opening.heads} shows had heads, there are ${heads}`);
  }
}

interface ShowCheckOptions {
  readonly stored: SealedHead | undefined;
  readonly exported: LedgerHead | undefined;
  readonly seals: Seals | undefined;
  readonly opening: Opening | undefined;
  readonly makesHead: boolean;
  readonly report: (violation: Omit<Violation, 'showId' | 'bookingId'>) => void;
}

/** What a show's steps must be together: what its heads say, and sealed but for those of former versions. */
class ShowCheck {
  readonly maker: HeadMaker | undefined;
  private readonly checks: HeadCheck[];
  private readonly unsealed = new UnsealedDigest();

  constructor(
    readonly showId: number,
    private readonly options: ShowCheckOptions,
  ) {
    const { stored, exported, makesHead } = options;
    if (makesHead) this.maker = new HeadMaker();
    this.checks = [
      ...(stored ? [new HeadCheck(stored, 'the database')] : []),
      ...(exported ? [new HeadCheck(exported, 'the file')] : []),
    ];
  }

  take(step: StepRow, lastSeal: Seal | null): void {
    for (const check of this.checks) check.take(step, lastSeal);
    this.maker?.take(step, lastSeal);
    if (step.seal !== null) return;
    this.unsealed.add(unsealedContent(step));
    const { seals, opening, stored, report } = this.options;
    const isTolerated = !opening || (!opening.isClosed && step.at_ms < opening.unsealedUntilMs);
    // Where the head has counted them, the count decides.
    if (!seals || isTolerated || stored?.unsealed) return;
    const { row, number, version, command, at_ms } = step;
    report({ rule: 'UNSEALED', row, number, version, detail: `${command} at ${iso(at_ms)} has no seal` });
  }

  finish(): void {
    const { seals, stored, report } = this.options;
    for (const violation of this.checks.flatMap((check) => check.finish())) report(violation);
    if (!seals) return;
    const show = { row: null, number: null, version: null } as const;
    const broken = stored && brokenBy(seals.check(stored.seal, headContent(stored)));
    if (broken) report({ ...show, rule: broken.rule ?? 'HEAD_SEAL', detail: `of the head: ${broken.detail}` });
    const { steps, digest } = this.unsealed.finish();
    const counted = stored?.unsealed;
    if (counted && (counted.steps !== steps || counted.digest !== digest)) {
      report({
        ...show,
        rule: 'UNSEALED',
        detail: `${counted.steps} steps had no seal, ${steps} have none or other columns`,
      });
    }
  }
}

function hasStep(row: ReplayRow): row is ReplayRow & StepRow {
  return row.version !== null;
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

/** The seals of bookings and stored answers, whose contents are listed here anew. */
async function checkSealsOfBookings(runner: QueryRunner, seals: Seals, report: Report): Promise<void> {
  const opening = await readOpening(runner.manager);
  await forEachRow<SealedBookingRow>(runner, sealedBookings, (row) => {
    const { show_id: showId, id, reference, holder_id, total_paid, currency, booked_at_ms, seats, seal } = row;
    const content = [
      'booking',
      showId,
      id,
      reference,
      holder_id,
      total_paid,
      currency,
      booked_at_ms,
      seats ?? [],
    ] as const;
    const broken = brokenBy(seals.check(seal, content));
    if (broken)
      report({ ...NOWHERE, showId, bookingId: id, rule: broken.rule ?? 'BOOKING_SEAL', detail: broken.detail });
  });
  await forEachRow<AnswerRow>(runner, answers, ({ show_id: showId, holder_id, key, print, outcome, at_ms, seal }) => {
    const isOld = seal === null && (!opening || at_ms < opening.unsealedUntilMs);
    if (isOld) return;
    const content = ['answer', showId, holder_id, key, print, outcome, at_ms] as const;
    const broken = seal === null ? { detail: 'no seal' } : brokenBy(seals.check(seal, content));
    if (!broken) return;
    const detail = `the answer to key ${key} of ${holder_id}: ${broken.detail}`;
    report({ ...NOWHERE, showId, rule: ('rule' in broken && broken.rule) || 'ANSWER_SEAL', detail });
  });
}

interface SealedBookingRow {
  show_id: number;
  id: string;
  reference: string;
  holder_id: string;
  total_paid: string;
  currency: string;
  booked_at_ms: number;
  seats: [row: string, number: number, price: string][] | null;
  seal: Seal;
}

const sealedBookings = `
  SELECT booking.show_id, booking.id, reference, holder_id, total_paid::text, currency, ${milliseconds('booked_at')} AS booked_at_ms,
         seats, ${hex('seal')} AS seal
    FROM booking
    LEFT JOIN (SELECT show_id, booking_id,
                      json_agg(json_build_array("row", number, price::text) ORDER BY "row", number) AS seats
                 FROM booking_seat GROUP BY show_id, booking_id) AS sold
      ON sold.show_id = booking.show_id AND sold.booking_id = booking.id
   WHERE seal IS NOT NULL`;

interface AnswerRow {
  show_id: number;
  holder_id: string;
  key: string;
  print: string;
  outcome: string;
  at_ms: number;
  seal: Seal | null;
}

const answers = `
  SELECT show_id, holder_id, key, ${hex('fingerprint')} AS print, outcome::text, ${milliseconds('created_at')} AS at_ms,
         ${hex('seal')} AS seal
    FROM idempotency_record`;

/**
 * The checks below are done by the database and return what is wrong: rule, show_id, row, number, version, booking_id,
 * detail.
 */

const stepsWithoutSeat = `
  SELECT 'SEAT_EXISTS' AS rule, show_id, "row", number, max(version) AS version, NULL::uuid AS booking_id,
         count(*) || ' step(s) of no seat' AS detail
    FROM seat_transition AS step
   WHERE NOT EXISTS (SELECT FROM seat
                      WHERE seat.show_id = step.show_id AND seat."row" = step."row" AND seat.number = step.number)
   GROUP BY show_id, "row", number`;

/** The seats sold by the bookings beside the steps that booked them. */
const bookedSeats = (checksTransactions: boolean) => `
  SELECT broken.rule, pair.show_id, pair."row", pair.number, pair.version, pair.booking_id, broken.detail
    FROM (SELECT show_id, booking_id, "row", number, step.version, step.holder_id, step.at, step.price, sold.price AS sold_price,
                 step.is_sealed, step.transaction AS step_transaction, sold.transaction AS sold_transaction
            FROM (SELECT show_id, booking_id, "row", number, version, holder_id, at, price, seal IS NOT NULL AS is_sealed,
                         xmin::text AS transaction
                    FROM seat_transition WHERE booking_id IS NOT NULL) AS step
            FULL JOIN (SELECT show_id, booking_id, "row", number, price, xmin::text AS transaction
                         FROM booking_seat WHERE cancelled_at IS NULL) AS sold
                USING (show_id, booking_id, "row", number)) AS pair
    LEFT JOIN booking ON booking.show_id = pair.show_id AND booking.id = pair.booking_id
   CROSS JOIN LATERAL (VALUES
     ('BOOKING_SEATS', step_transaction IS NULL, 'sold by the booking, but not booked by any step'),
     ('BOOKING_SEATS', sold_transaction IS NULL, 'booked by a step, but not sold by the booking'),
     ('BOOKING_EXISTS', booking.id IS NULL, 'there is no such booking'),
     ('BOOKING_HOLDER', booking.holder_id <> pair.holder_id,
      format('the booking is of %s, the seat was booked by %s', booking.holder_id, pair.holder_id)),
     ('BOOKING_PRICE', pair.price <> pair.sold_price, format('charged %s, sold for %s', pair.price, pair.sold_price)),
     ('BOOKING_TIME', booking.booked_at <> pair.at, format('booked at %s, the seat at %s', booking.booked_at, pair.at)),
     ('BOOKING_SEAL', booking.id IS NOT NULL AND is_sealed <> (booking.seal IS NOT NULL), 'the step has a seal, or the booking, and not both'),
     ('ONE_TRANSACTION',
      ${checksTransactions} AND (step_transaction <> sold_transaction OR step_transaction <> booking.xmin::text
                                 OR sold_transaction <> booking.xmin::text),
      format('booking by transaction %s, seat by %s, step by %s', booking.xmin, sold_transaction, step_transaction))
   ) AS broken(rule, is_broken, detail)
   WHERE broken.is_broken`;

const bookings = `
  SELECT broken.rule, booking.show_id, NULL AS "row", NULL AS number, NULL AS version, booking.id AS booking_id, broken.detail
    FROM booking
    LEFT JOIN show ON show.id = booking.show_id
    LEFT JOIN (SELECT show_id, booking_id, sum(price) AS price FROM booking_seat GROUP BY show_id, booking_id) AS sold
      ON sold.show_id = booking.show_id AND sold.booking_id = booking.id
   CROSS JOIN LATERAL (VALUES
     ('BOOKING_NOT_EMPTY', sold.booking_id IS NULL, 'no seats'),
     ('BOOKING_TOTAL', sold.price <> booking.total_paid, format('%s paid for seats of %s', booking.total_paid, sold.price)),
     ('BOOKING_CURRENCY', booking.currency IS DISTINCT FROM show.currency,
      format('paid in %s, the show costs %s', booking.currency, show.currency))
   ) AS broken(rule, is_broken, detail)
   WHERE broken.is_broken`;

/** Answers that tell of holds or bookings which the ledger has not. Version 0.1 stored them without a show. */
const untrueAnswers = `
  SELECT 'ANSWER_TRUE' AS rule, answer.show_id, told."row", told.number, told.version, NULL::uuid AS booking_id,
         format('the answer to key %s of %s tells of a hold that was not made', answer.key, answer.holder_id) AS detail
    FROM idempotency_record AS answer
   CROSS JOIN LATERAL json_to_recordset(answer.outcome -> 'seats') AS told("row" text, number int, version int)
    LEFT JOIN seat_transition AS step
      ON step.show_id = (answer.outcome ->> 'showId')::int AND step."row" = told."row" AND step.number = told.number
     AND step.version = told.version AND step.holder_id = answer.holder_id AND step.to_status = 'HELD'
   WHERE answer.outcome ->> 'kind' = 'held' AND step.version IS NULL
  UNION ALL
  SELECT 'ANSWER_TRUE', answer.show_id, NULL, NULL, NULL, NULL,
         format('the answer to key %s of %s tells of a booking that was not made', answer.key, answer.holder_id)
    FROM idempotency_record AS answer
    LEFT JOIN booking
      ON booking.show_id = (answer.outcome #>> '{booking,showId}')::int AND booking.id::text = answer.outcome #>> '{booking,id}'
     AND booking.holder_id = answer.holder_id AND booking.reference = answer.outcome #>> '{booking,reference}'
     AND booking.total_paid::text = answer.outcome #>> '{booking,totalPaid}'
     AND booking.currency::text = answer.outcome #>> '{booking,currency}'
     AND ${milliseconds('booking.booked_at')}::text = answer.outcome #>> '{booking,bookedAtMs}'
   WHERE answer.outcome ->> 'kind' = 'booked' AND booking.id IS NULL`;

/** A hold takes the lowest free slot, so none is beyond the number of holds that its holder ever made in the show. */
const wrongSlots = `
  SELECT 'HOLD_SLOT' AS rule, seat.show_id, seat."row", seat.number, seat.version, NULL AS booking_id,
         format('slot %s of %s, with %s holds ever', seat.hold_slot, seat.holder_id, coalesce(made.holds, 0)) AS detail
    FROM seat
    LEFT JOIN (SELECT show_id, holder_id, count(*) AS holds FROM seat_transition WHERE to_status = 'HELD'
                GROUP BY show_id, holder_id) AS made USING (show_id, holder_id)
   WHERE seat.status = 'HELD' AND (seat.hold_slot < 1 OR seat.hold_slot > coalesce(made.holds, 0))`;

/** The view through which everything is read, compared with what it should say of each seat. */
const seenOtherwise = `
  SELECT 'SEAT_NOW' AS rule, show_id, "row", number, stored.version, NULL AS booking_id,
         format('stored as %s, read as %s', (stored.status, stored.version, stored.price), (seen.status, seen.version, seen.price))
           AS detail
    FROM (SELECT show_id, "row", number, version, price, holder_id, hold_expires_at, status,
                 status = 'HELD' AND statement_timestamp() >= hold_expires_at AS is_over FROM seat) AS stored
    FULL JOIN seat_now AS seen USING (show_id, "row", number)
   WHERE (seen.status, seen.version, seen.price, seen.holder_id, seen.hold_expires_at, seen.lapsed) IS DISTINCT FROM
         (CASE WHEN stored.is_over THEN 'AVAILABLE' ELSE stored.status END,
          stored.version + CASE WHEN stored.is_over THEN 1 ELSE 0 END,
          stored.price, stored.holder_id, stored.hold_expires_at, stored.is_over)`;

/**
 * As it stands now. By the time of the statement, not the snapshot's a little before it: what lapsed in between made room
 * for another hold in nobody's view of this snapshot.
 */
const seatsBeyond = (rule: 'HOLD_LIMIT' | 'SEAT_LIMIT', statuses: readonly string[], limit: number) => `
  SELECT '${rule}' AS rule, show_id, NULL AS "row", NULL AS number, NULL AS version, NULL AS booking_id,
         format('%s has %s seats, the limit is %s', holder_id, count(*), ${limit}::int) AS detail
    FROM seat_now
   WHERE status IN (${statuses.map((status) => `'${status}'`).join(', ')})
   GROUP BY show_id, holder_id
  HAVING count(*) > ${limit}::int`;

interface FoundRow {
  rule: Violation['rule'];
  show_id: number;
  row: string | null;
  number: number | null;
  version: number | null;
  booking_id: string | null;
  detail: string;
}

async function findRows(runner: QueryRunner, sql: string, report: Report): Promise<void> {
  await forEachRow<FoundRow>(runner, sql, ({ show_id, booking_id, ...rest }) =>
    report({ ...rest, showId: show_id, bookingId: booking_id }),
  );
}

/**
 * Reads through a cursor, so that neither side ever has all rows in memory. Needs a transaction.
 *
 * @param prepare reads what belongs to some rows before they are taken
 */
async function forEachRow<Row>(
  runner: QueryRunner,
  sql: string,
  take: (row: Row) => void,
  prepare?: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  await runner.query(`DECLARE everything NO SCROLL CURSOR FOR ${sql}`);
  const fetch = () => runner.manager.query<Row[]>(`FETCH FORWARD ${ROWS_PER_FETCH} FROM everything`);
  for (let rows = await fetch(); rows.length > 0;) {
    // The database reads on meanwhile.
    const next = fetch();
    await prepare?.(rows);
    rows.forEach(take);
    rows = await next;
  }
  await runner.query('CLOSE everything');
}
