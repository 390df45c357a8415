import type { RULES } from '../../src/ledger/ledger-verifier';

/**
 * What somebody with SQL and no secret may do to a ledger. Each is consistent as far as its author could make it: the tables
 * that tell the same are changed alike, in one transaction.
 */
export interface Falsification {
  readonly name: string;
  /** `$anne`, `$bob` and `$cleo` are the ids of the holders. */
  readonly sql: string;
  /** The rules that are found broken. */
  readonly rules: readonly (keyof typeof RULES)[];
  /** Those that are found broken with heads that were exported before. The same, if it is not said. */
  readonly withHeads?: readonly (keyof typeof RULES)[];
  /** Why nothing is found, where nothing is. docs/ledger.md says the same. */
  readonly outOfReach?: string;
}

/*
 * The scene: Anne booked A1 and A2, with a key, and holds A6, with a key. Bob booked A3. Cleo holds A4, and held A5 and gave
 * it up. A7 is blocked. The heads are signed. The show is 1; show 2 has a booking of Bob's.
 */
const seat = (number: number, alias?: string) => {
  const column = (name: string) => (alias === undefined ? name : `${alias}.${name}`);
  return `${column('show_id')} = 1 AND ${column('"row"')} = 'A' AND ${column('number')} = ${number}`;
};
const step = (number: number, version: number) => `${seat(number)} AND version = ${version}`;
const ANNES = `(SELECT id FROM booking WHERE show_id = 1 AND holder_id = '$anne')`;
const BOBS = `(SELECT id FROM booking WHERE show_id = 1 AND holder_id = '$bob')`;
const NEW_ID = '11111111-1111-4111-8111-111111111111';
const FREE = `status = 'AVAILABLE', holder_id = NULL, held_at = NULL, hold_price = NULL, hold_expires_at = NULL, hold_slot = NULL,
              booking_id = NULL`;
/** The seal that a seat carries is set to that of its last step, as the app does it. */
const RECHAIN = (number: number) =>
  `UPDATE seat SET seal = (SELECT seal FROM seat_transition AS step WHERE ${seat(number, 'step')} ORDER BY version DESC LIMIT 1)
    WHERE ${seat(number)}`;
const NOW = `date_trunc('milliseconds', clock_timestamp())`;
/** A sale that never was, of a free seat. */
const FORGED_SALE = (seal: string, at = NOW) => `
  INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at, seal)
  SELECT 1, '${NEW_ID}', 'ZZZZ-ZZZZ', 'guest:evil', 100, 'USD', at, ${seal} FROM (SELECT ${at} AS at) AS t;
  INSERT INTO booking_seat (show_id, "row", number, booking_id, price) VALUES (1, 'A', 10, '${NEW_ID}', 100);
  INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status, holder_id, hold_expires_at,
                               booking_id, price, at, seal)
  SELECT 1, 'A', 10, version, command, from_status, to_status, 'guest:evil', at + interval '10 min', booking::uuid, 100, at, ${seal}
    FROM (SELECT booked_at AS at FROM booking WHERE id = '${NEW_ID}') AS t,
         (VALUES (1, 'hold', 'AVAILABLE', 'HELD', NULL), (2, 'book', 'HELD', 'BOOKED', '${NEW_ID}'))
           AS step(version, command, from_status, to_status, booking);
  UPDATE seat SET status = 'BOOKED', version = 2, holder_id = 'guest:evil', booking_id = '${NEW_ID}', hold_price = 100,
                  held_at = (SELECT booked_at FROM booking WHERE id = '${NEW_ID}')
   WHERE ${seat(10)}`;
const STEAL_A_SEAL = `(SELECT seal FROM seat_transition WHERE ${step(3, 2)})`;
const MADE_UP_SEAL = `decode('00112233445566778899aabbccddeeff00112233', 'hex')`;
const UNDO_SALE = `
  DELETE FROM booking_seat WHERE ${seat(3)}; DELETE FROM booking WHERE id = ${BOBS}`;

export const FALSIFICATIONS: readonly Falsification[] = [
  { name: 'nothing', sql: 'SELECT', rules: [] },

  // Steps undone
  {
    name: 'a hold undone with its step',
    sql: `DELETE FROM seat_transition WHERE ${seat(4)}; UPDATE seat SET ${FREE}, version = 0, seal = NULL WHERE ${seat(4)}`,
    rules: ['HEAD'],
  },
  {
    name: 'a sale undone with its steps, so that the seat can be sold again',
    sql: `${UNDO_SALE}; DELETE FROM seat_transition WHERE ${seat(3)};
          UPDATE seat SET ${FREE}, version = 0, seal = NULL WHERE ${seat(3)}`,
    rules: ['HEAD'],
  },
  {
    name: 'a sale turned back into the hold before it',
    sql: `CREATE TEMPORARY TABLE held ON COMMIT DROP AS SELECT * FROM seat_transition WHERE ${step(3, 1)};
          ${UNDO_SALE}; DELETE FROM seat_transition WHERE ${step(3, 2)};
          UPDATE seat SET status = 'HELD', version = 1, booking_id = NULL, held_at = held.at, hold_slot = 1, seal = held.seal,
                          hold_expires_at = held.hold_expires_at
            FROM held WHERE ${seat(3, 'seat')}`,
    rules: ['HEAD'],
  },
  {
    name: 'a release undone, so that the seat is held again',
    sql: `DELETE FROM seat_transition WHERE ${step(5, 2)};
          UPDATE seat SET status = 'HELD', version = 1, holder_id = held.holder_id, hold_price = held.price, held_at = held.at,
                          hold_expires_at = held.hold_expires_at, hold_slot = 2, seal = held.seal
            FROM seat_transition AS held WHERE ${seat(5, 'seat')} AND ${seat(5, 'held')}`,
    rules: ['HEAD'],
  },
  {
    name: 'a released hold that never was',
    sql: `DELETE FROM seat_transition WHERE ${seat(5)}; UPDATE seat SET version = 0, seal = NULL WHERE ${seat(5)}`,
    rules: ['HEAD'],
  },
  {
    name: 'a hold and its release cut out from under a later step',
    sql: `DELETE FROM seat_transition WHERE ${step(3, 1)}; UPDATE seat_transition SET version = 1 WHERE ${step(3, 2)};
          UPDATE seat SET version = 1 WHERE ${seat(3)}`,
    rules: ['CHAIN', 'HEAD', 'SEAL', 'STORED_SEAT'],
  },
  {
    name: 'all tables emptied: no sale ever happened',
    sql: `DELETE FROM booking_seat; DELETE FROM booking; DELETE FROM seat_transition; DELETE FROM idempotency_record;
          UPDATE seat SET ${FREE}, version = 0, seal = NULL`,
    rules: ['HEAD'],
  },
  {
    name: 'all tables emptied, those of the heads as well',
    sql: `DELETE FROM booking_seat; DELETE FROM booking; DELETE FROM seat_transition; DELETE FROM idempotency_record;
          DELETE FROM ledger_head; DELETE FROM ledger_opening; UPDATE seat SET ${FREE}, version = 0, seal = NULL`,
    rules: [],
    withHeads: ['HEAD'],
    outOfReach: 'a database without any sale is one in which nothing happened yet; exported heads tell',
  },
  {
    name: 'one show emptied with its head',
    sql: `DELETE FROM booking_seat WHERE show_id = 2; DELETE FROM booking WHERE show_id = 2;
          DELETE FROM seat_transition WHERE show_id = 2; DELETE FROM ledger_head WHERE show_id = 2;
          UPDATE seat SET ${FREE}, version = 0, seal = NULL WHERE show_id = 2`,
    rules: ['HEAD_SEAL'],
    withHeads: ['HEAD', 'HEAD_SEAL'],
  },

  // Money
  {
    name: 'a total',
    sql: `UPDATE booking SET total_paid = total_paid + 1000 WHERE id = ${ANNES}`,
    rules: ['BOOKING_SEAL', 'BOOKING_TOTAL', 'ANSWER_TRUE'],
  },
  {
    name: 'the price of sold seats, in every table',
    sql: `UPDATE booking_seat SET price = 1 WHERE booking_id = ${BOBS}; UPDATE booking SET total_paid = 1 WHERE id = ${BOBS};
          UPDATE seat_transition SET price = 1 WHERE ${seat(3)}; UPDATE seat SET hold_price = 1 WHERE ${seat(3)}`,
    rules: ['BOOKING_SEAL', 'SEAL'],
  },
  {
    name: 'the price of a live hold, in every table',
    sql: `UPDATE seat_transition SET price = 0.01 WHERE ${seat(4)}; UPDATE seat SET hold_price = 0.01 WHERE ${seat(4)}`,
    rules: ['SEAL'],
  },
  {
    name: 'the currency of a show and its bookings',
    sql: `UPDATE show SET currency = 'JPY' WHERE id = 2; UPDATE booking SET currency = 'JPY' WHERE show_id = 2`,
    rules: ['BOOKING_SEAL'],
  },
  {
    name: 'the price of a sold seat in the plan',
    sql: `UPDATE seat SET price = 1 WHERE ${seat(1)}`,
    rules: [],
    outOfReach: 'what a seat would cost now is for the cinema to change; the bookings charge what the hold froze',
  },
  {
    name: 'the price of all free seats',
    sql: `UPDATE seat SET price = 0.01 WHERE status = 'AVAILABLE'`,
    rules: [],
    outOfReach: 'what a seat costs is for the cinema to change',
  },

  // Holders
  {
    name: 'a booking given to another holder, in every table',
    sql: `UPDATE booking SET holder_id = '$cleo' WHERE id = ${BOBS}; UPDATE seat SET holder_id = '$cleo' WHERE ${seat(3)};
          UPDATE seat_transition SET holder_id = '$cleo' WHERE ${seat(3)}`,
    rules: ['BOOKING_SEAL', 'SEAL'],
  },
  {
    name: 'the holder of a booking alone',
    sql: `UPDATE booking SET holder_id = '$cleo' WHERE id = ${BOBS}`,
    rules: ['BOOKING_HOLDER', 'BOOKING_SEAL'],
  },
  {
    name: 'the holder of a seat alone',
    sql: `UPDATE seat SET holder_id = '$cleo' WHERE ${seat(3)}`,
    rules: ['STORED_SEAT'],
  },
  {
    name: 'the holder of a hold that is over',
    sql: `UPDATE seat_transition SET holder_id = 'guest:x' WHERE ${seat(5)}`,
    rules: ['SEAL'],
  },
  {
    name: 'the actor of a step',
    sql: `UPDATE seat_transition SET actor_id = 'guest:x' WHERE ${step(3, 2)}`,
    rules: ['SEAL'],
  },
  {
    name: 'the reason of a block',
    sql: `UPDATE seat_transition SET reason = 'fire' WHERE ${seat(7)}`,
    rules: ['SEAL'],
  },

  // Bookings
  {
    name: 'a booking deleted alone',
    sql: `ALTER TABLE booking_seat DROP CONSTRAINT booking_seat_booking_fkey; DELETE FROM booking WHERE id = ${BOBS}`,
    rules: ['BOOKING_EXISTS', 'SCHEMA'],
  },
  {
    name: 'a sold seat deleted alone',
    sql: `DELETE FROM booking_seat WHERE ${seat(3)}`,
    rules: ['BOOKING_NOT_EMPTY', 'BOOKING_SEAL', 'BOOKING_SEATS'],
  },
  {
    name: 'a reference',
    sql: `UPDATE booking SET reference = 'AAAA-AAAA' WHERE id = ${BOBS}`,
    rules: ['BOOKING_SEAL'],
  },
  {
    name: 'a sale back-dated by a week, in every table',
    sql: `UPDATE booking SET booked_at = booked_at - interval '7 days' WHERE id = ${BOBS};
          UPDATE seat SET held_at = held_at - interval '7 days' WHERE ${seat(3)};
          UPDATE seat_transition SET at = at - interval '7 days', hold_expires_at = hold_expires_at - interval '7 days'
           WHERE ${seat(3)}`,
    rules: ['BOOKING_SEAL', 'OPENING', 'SALES_WINDOW', 'SEAL'],
  },
  {
    name: 'a sale moved to another seat, in every table',
    sql: `UPDATE seat_transition SET number = 9 WHERE ${seat(3)}; UPDATE booking_seat SET number = 9 WHERE ${seat(3)};
          UPDATE seat SET (status, version, holder_id, hold_price, held_at, booking_id, seal) =
                 (SELECT status, version, holder_id, hold_price, held_at, booking_id, seal FROM seat WHERE ${seat(3)}) WHERE ${seat(9)};
          UPDATE seat SET ${FREE}, version = 0, seal = NULL WHERE ${seat(3)}`,
    rules: ['BOOKING_SEAL', 'HEAD', 'SEAL'],
  },
  {
    name: 'two seats sold for each other',
    sql: `UPDATE booking_seat SET number = number + 100 WHERE show_id = 1 AND number IN (2, 3);
          UPDATE booking_seat SET number = 105 - number WHERE show_id = 1 AND number > 100`,
    rules: ['BOOKING_SEAL', 'BOOKING_SEATS'],
  },
  { name: 'a sale out of nothing, without seals', sql: FORGED_SALE('NULL'), rules: ['UNSEALED'] },
  {
    name: 'a sale out of nothing, without seals, from before there were any',
    sql: FORGED_SALE('NULL', `(SELECT opened_at - interval '1 minute' FROM ledger_opening)`),
    rules: ['UNSEALED'],
  },
  {
    name: "a sale out of nothing, with another's seal",
    sql: `${FORGED_SALE(STEAL_A_SEAL)}; ${RECHAIN(10)}`,
    rules: ['BOOKING_SEAL', 'SEAL'],
  },
  {
    name: 'a sale out of nothing, with a made-up seal',
    sql: `${FORGED_SALE(MADE_UP_SEAL)}; ${RECHAIN(10)}`,
    rules: ['SEAL_KEY'],
  },
  {
    name: 'a seat sold twice, the index dropped',
    sql: `DROP INDEX booking_seat_sold;
          INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at)
          SELECT 1, '${NEW_ID}', 'QQQQ-QQQQ', 'guest:evil', 100, 'USD', booked_at FROM booking WHERE id = ${BOBS};
          INSERT INTO booking_seat (show_id, "row", number, booking_id, price) VALUES (1, 'A', 1, '${NEW_ID}', 100)`,
    rules: ['BOOKING_SEATS', 'SCHEMA'],
  },

  // Seats
  {
    name: 'the beginning of a hold',
    sql: `UPDATE seat SET held_at = held_at - interval '1 day' WHERE ${seat(4)}`,
    rules: ['STORED_SEAT'],
  },
  {
    name: 'a deadline put off, in every table',
    sql: `UPDATE seat SET hold_expires_at = hold_expires_at + interval '1 hour' WHERE ${seat(4)};
          UPDATE seat_transition SET hold_expires_at = hold_expires_at + interval '1 hour' WHERE ${seat(4)}`,
    rules: ['SEAL'],
  },
  { name: 'a slot', sql: `UPDATE seat SET hold_slot = 99 WHERE ${seat(4)}`, rules: ['HOLD_SLOT'] },
  { name: 'the seal of a seat', sql: `UPDATE seat SET seal = NULL WHERE ${seat(4)}`, rules: ['STORED_SEAL'] },
  { name: 'a seat deleted', sql: `DELETE FROM seat WHERE ${seat(5)}`, rules: ['HEAD', 'SEAT_EXISTS'] },

  // Seals and heads
  {
    name: 'the seal of a step removed',
    sql: `UPDATE seat_transition SET seal = NULL WHERE ${seat(4)}; ${RECHAIN(4)}`,
    rules: ['HEAD', 'UNSEALED'],
  },
  {
    name: "a step's seal copied to another seat's step",
    sql: `UPDATE seat_transition SET seal = ${STEAL_A_SEAL} WHERE ${seat(4)}; ${RECHAIN(4)}`,
    rules: ['HEAD', 'SEAL'],
  },
  {
    name: 'a booking without its seal',
    sql: `UPDATE booking SET seal = NULL WHERE id = ${BOBS}`,
    rules: ['BOOKING_SEAL'],
  },
  {
    name: 'a head that allows for less',
    sql: `UPDATE ledger_head SET (steps, versions, root) = (0, '{}', sha256('')) WHERE show_id = 1`,
    rules: ['HEAD_SEAL'],
  },
  {
    name: 'a head that counts steps without a seal',
    sql: `UPDATE ledger_head SET (unsealed_steps, unsealed_digest) = (0, sha256('')) WHERE show_id = 1`,
    rules: ['HEAD_SEAL'],
  },
  {
    name: 'a head with another hash, as of a ledger written anew',
    sql: `UPDATE ledger_head SET root = sha256('anything') WHERE show_id = 1`,
    rules: ['HEAD', 'HEAD_SEAL'],
  },
  {
    name: 'the head of another show',
    sql: `UPDATE ledger_head SET (signed_at, steps, versions, root, seal) =
            (SELECT signed_at, steps, versions, root, seal FROM ledger_head WHERE show_id = 2) WHERE show_id = 1`,
    rules: ['HEAD', 'HEAD_SEAL'],
  },
  { name: 'a head deleted', sql: 'DELETE FROM ledger_head WHERE show_id = 1', rules: ['HEAD_SEAL'] },
  { name: 'the opening deleted', sql: 'DELETE FROM ledger_opening', rules: ['OPENING'] },
  { name: 'the opening reopened', sql: 'UPDATE ledger_opening SET is_closed = false', rules: ['OPENING'] },

  // Stored answers
  {
    name: 'an answer to a key, changed',
    sql: `UPDATE idempotency_record SET outcome = replace(outcome::text, '100.00', '1.00')::json WHERE key = 'hold'`,
    rules: ['ANSWER_SEAL'],
  },
  {
    name: 'an answer to a key, told under another',
    sql: `UPDATE idempotency_record SET key = 'other' WHERE key = 'hold'`,
    rules: ['ANSWER_SEAL'],
  },
  {
    name: 'an answer about a hold that never was',
    sql: `INSERT INTO idempotency_record (show_id, holder_id, key, fingerprint, outcome, created_at)
          SELECT show_id, holder_id, 'forged', fingerprint, replace(outcome::text, '"number":6', '"number":8')::json, ${NOW}
            FROM idempotency_record WHERE key = 'hold'`,
    rules: ['ANSWER_SEAL', 'ANSWER_TRUE'],
  },
  {
    name: 'an answer about a booking that never was',
    sql: `INSERT INTO idempotency_record (show_id, holder_id, key, fingerprint, outcome, created_at)
          SELECT show_id, '$cleo', 'forged', fingerprint, outcome, ${NOW} FROM idempotency_record WHERE key = 'book'`,
    rules: ['ANSWER_SEAL', 'ANSWER_TRUE'],
  },
  {
    name: 'an answer forgotten',
    sql: `DELETE FROM idempotency_record WHERE key = 'hold'`,
    rules: [],
    outOfReach: 'the app forgets answers itself, a day after they were given',
  },

  // What is around the rows
  { name: 'an index over an expression dropped', sql: 'DROP INDEX seat_transition_happened', rules: ['SCHEMA'] },
  { name: 'an index dropped', sql: 'DROP INDEX seat_hold_slot', rules: ['SCHEMA'] },
  {
    name: 'an index that is no longer unique',
    sql: `DROP INDEX booking_reference; CREATE INDEX booking_reference ON booking (show_id, reference)`,
    rules: ['SCHEMA'],
  },
  {
    name: 'a unique index of fewer rows',
    sql: `DROP INDEX booking_seat_sold;
          CREATE UNIQUE INDEX booking_seat_sold ON booking_seat (show_id, "row", number) WHERE cancelled_at IS NULL AND number > 5`,
    rules: ['SCHEMA'],
  },
  {
    name: 'a check that allows everything',
    sql: `ALTER TABLE booking DROP CONSTRAINT booking_values, ADD CONSTRAINT booking_values CHECK (total_paid IS NOT NULL)`,
    rules: ['SCHEMA'],
  },
  { name: 'a check dropped', sql: 'ALTER TABLE seat DROP CONSTRAINT seat_hold_times', rules: ['SCHEMA'] },
  {
    name: 'a column of another type',
    sql: 'ALTER TABLE seat_transition ALTER COLUMN price TYPE numeric(14,4)',
    rules: ['SEAL', 'SCHEMA', 'STORED_SEAT'],
  },
  { name: 'foreign keys switched off', sql: 'ALTER TABLE booking_seat DISABLE TRIGGER ALL', rules: ['SCHEMA'] },
  {
    name: 'a trigger that changes what is written',
    sql: `CREATE FUNCTION cheaper() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.hold_price := 1; RETURN NEW; END';
          CREATE TRIGGER cheaper BEFORE UPDATE ON seat FOR EACH ROW EXECUTE FUNCTION cheaper()`,
    rules: ['SCHEMA'],
  },
  {
    name: 'a rule that writes nothing',
    sql: `CREATE RULE nothing AS ON INSERT TO idempotency_record DO INSTEAD NOTHING`,
    rules: ['SCHEMA'],
  },
  { name: 'rows hidden by row-level security', sql: 'ALTER TABLE seat ENABLE ROW LEVEL SECURITY', rules: ['SCHEMA'] },
  {
    name: 'rows of another table among the seats',
    sql: 'CREATE TABLE more_seats () INHERITS (seat)',
    rules: ['SCHEMA'],
  },
  {
    name: 'a view that shows every seat as free',
    sql: `CREATE OR REPLACE VIEW seat_now AS
          SELECT show_id, "row", number, 'AVAILABLE'::text AS status, version, category, price, holder_id, hold_expires_at, false AS lapsed
            FROM seat`,
    rules: ['SEAT_NOW'],
  },
  {
    name: 'a view that shows another price',
    sql: `CREATE OR REPLACE VIEW seat_now AS
          SELECT show_id, "row", number, status, version, category, (price / 2)::numeric(12,2) AS price, holder_id, hold_expires_at,
                 coalesce(status = 'HELD' AND hold_expires_at <= statement_timestamp(), false) AS lapsed
            FROM seat`,
    rules: ['SEAT_NOW'],
  },
  {
    name: 'a user made an administrator',
    sql: `INSERT INTO "user" (id, username, password_hash, role) VALUES (gen_random_uuid(), 'evil', 'x', 'admin')`,
    rules: [],
    outOfReach: 'the ledger is about seats; accounts are not in it',
  },
];

/** The same in a database that has rows of a version that sealed nothing: Dora of version 0.1 booked B1 and holds B2. */
export const FORGERIES_OF_OLD_ROWS: readonly Falsification[] = [
  { name: 'nothing', sql: 'SELECT', rules: [] },
  {
    name: 'an old hold, in every table',
    sql: `UPDATE seat SET holder_id = 'guest:x' WHERE "row" = 'B' AND number = 2;
          UPDATE seat_transition SET holder_id = 'guest:x' WHERE "row" = 'B' AND number = 2`,
    rules: ['HEAD', 'UNSEALED'],
  },
  {
    name: 'the price of an old booking, in every table',
    sql: `UPDATE booking SET total_paid = 1 WHERE seal IS NULL;
          UPDATE booking_seat SET price = 1 WHERE "row" = 'B'`,
    rules: ['HEAD', 'UNSEALED'],
  },
  {
    name: 'an old hold undone',
    sql: `DELETE FROM seat_transition WHERE "row" = 'B' AND number = 2; UPDATE seat SET ${FREE}, version = 0 WHERE "row" = 'B' AND number = 2`,
    rules: ['HEAD', 'UNSEALED'],
  },
  { name: 'a sale out of nothing, without seals', sql: FORGED_SALE('NULL'), rules: ['UNSEALED'] },
  {
    name: 'a sale out of nothing, without seals, from before there were any',
    sql: FORGED_SALE('NULL', `(SELECT opened_at - interval '1 minute' FROM ledger_opening)`),
    rules: ['UNSEALED'],
  },
];
