import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { schema } from '../../src/database/schema';
import { verifyLedger } from '../../src/ledger/ledger-verifier';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { violatedConstraint } from '../../src/platform/database/pg-errors';
import { startApp } from '../support/app';
import { person } from '../support/client';
import { createTestDatabase, dropDatabase, onServer, TestDatabase, urlOf } from '../support/database';
import { createShow } from '../support/house';
import { until } from '../../proof/kit/until';
import { Version01 } from './version-0-1';

describe('the tables', () => {
  let database: TestDatabase;
  let showId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    showId = await createShow(database.dataSource, { rows: 1, seatsPerRow: 2 });
  });
  afterAll(() => database.drop());

  const ofEntities = () =>
    database.dataSource.entityMetadatas.flatMap(({ tableName, checks }) =>
      checks.map(({ name, expression }) => [name, tableName, expression] as const),
    );

  it('have the checks that follow from the entities and the commands', async () => {
    const stored = await database.dataSource.query<{ name: string; definition: string }[]>(
      `SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE contype = 'c' AND connamespace = current_schema::regnamespace`,
    );
    const runner = database.dataSource.createQueryRunner();
    await runner.startTransaction();
    const wanted: typeof stored = [];
    for (const [name, table, expression] of ofEntities()) {
      await runner.query(`ALTER TABLE "${table}" ADD CONSTRAINT wanted CHECK (${expression})`);
      const [{ definition }] = await runner.manager.query<[{ definition: string }]>(
        `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'wanted'`,
      );
      await runner.query(`ALTER TABLE "${table}" DROP CONSTRAINT wanted`);
      wanted.push({ name, definition });
    }
    await runner.rollbackTransaction();
    await runner.release();
    const byName = (rows: typeof stored) => Object.fromEntries(rows.map(({ name, definition }) => [name, definition]));
    expect(byName(stored)).toEqual(byName(wanted));
  });

  const seat = (changes: string) => `UPDATE seat SET ${changes} WHERE show_id = $1`;
  const show = (changes: string) => `UPDATE show SET ${changes} WHERE id = $1`;
  const step = (columns: string, values: string) =>
    `INSERT INTO seat_transition (show_id, "row", number, version, at, ${columns}) VALUES ($1, 'A', 1, 1, now(), ${values})`;
  const HOLD = `'hold', 'AVAILABLE', 'HELD'`;
  const booking = (total: string, currency = 'USD', at = 'now()') =>
    `INSERT INTO booking (show_id, id, reference, holder_id, total_paid, currency, booked_at)
     VALUES ($1, gen_random_uuid(), 'r', 'h', ${total}, '${currency}', ${at})`;

  // The tables refuse rows that the API can't express.
  it.each([
    ['movie_values', `INSERT INTO movie (title, duration_minutes) VALUES ('', $1)`],
    ['movie_values', `INSERT INTO movie (title, duration_minutes) VALUES ('Long', -$1::int)`],
    ['show_times', show(`sales_close_at = 'infinity'`)],
    ['show_times', show(`sales_open_at = '-infinity'`)],
    ['show_times', show(`starts_at = '-infinity'`)],
    ['show_times', show(`ends_at = 'infinity'`)],
    ['show_times', show('ends_at = starts_at')],
    ['show_times', show('sales_close_at = sales_open_at')],
    ['show_times', show(`sales_close_at = ends_at + interval '1 ms'`)],
    ['show_price', show('price = -0.01')],
    ['show_price', show(`price = 'NaN'`)],
    ['show_price', show(`currency = 'usd'`)],
    ['show_price', show(`currency = 'EU'`)],
    ['seat_name', seat(`"row" = ''`)],
    ['seat_name', seat(`"row" = 'Box 1'`)],
    ['seat_name', seat(`"row" = 'A' || chr(8203)`)],
    ['seat_name', seat(`"row" = 'A"'`)],
    ['seat_name', seat(`"row" = 'ABCDEFGHI'`)],
    ['seat_name', seat('number = 1 - number')],
    ['seat_price', seat('price = -5.50')],
    ['seat_price', seat(`price = 'NaN'`)],
    ['seat_price', seat('hold_price = -1')],
    ['seat_status', seat(`status = 'SOLD'`)],
    ['seat_columns_fit_status', seat(`holder_id = 'h'`)],
    ['seat_columns_fit_status', seat(`status = 'BLOCKED', holder_id = 'h'`)],
    ['seat_columns_fit_status', seat(`status = 'HELD', holder_id = 'h', held_at = now(), hold_slot = number`)],
    ['seat_columns_fit_status', seat(`status = 'BOOKED', holder_id = 'h'`)],
    [
      'seat_hold_times',
      seat(`status = 'HELD', holder_id = 'h', held_at = now(), hold_expires_at = 'infinity', hold_slot = number`),
    ],
    [
      'seat_hold_times',
      seat(`status = 'HELD', holder_id = 'h', held_at = now(), hold_expires_at = now(), hold_slot = number`),
    ],
    ['seat_version', seat('version = -1')],
    ['seat_transition_legal', step('command, from_status, to_status', `'steal', 'HELD', 'BOOKED'`)],
    [
      'seat_transition_legal',
      step('command, from_status, to_status, holder_id, hold_expires_at', `'hold', 'BLOCKED', 'HELD', 'h', now()`),
    ],
    ['seat_transition_columns', step('command, from_status, to_status', HOLD)],
    [
      'seat_transition_columns',
      step(
        'command, from_status, to_status, holder_id, hold_expires_at, booking_id',
        `${HOLD}, 'h', now(), gen_random_uuid()`,
      ),
    ],
    [
      'seat_transition_columns',
      step('command, from_status, to_status, actor_id', `'block', 'AVAILABLE', 'BLOCKED', 'h'`),
    ],
    [
      'seat_transition_columns',
      step('command, from_status, to_status, actor_id, reason, price', `'block', 'AVAILABLE', 'BLOCKED', 'h', 'r', 1`),
    ],
    [
      'seat_transition_values',
      step('command, from_status, to_status, holder_id, hold_expires_at, price', `${HOLD}, 'h', now(), -1`),
    ],
    ['booking_values', booking('-1')],
    ['booking_values', booking(`'NaN'`)],
    ['booking_values', booking('1', 'usd')],
    ['booking_values', booking('1', 'USD', `'infinity'`)],
    [
      'user_role',
      `INSERT INTO "user" (id, username, password_hash, role) VALUES (gen_random_uuid(), 'u', 'p' || $1, 'root')`,
    ],
  ])('%s refuses %s', async (constraint, sql) => {
    const refused = await database.dataSource.query(sql, [showId]).then(
      () => 'nothing was refused',
      (error: unknown) => violatedConstraint(error) ?? String(error),
    );
    expect(refused).toBe(constraint);
  });

  it.each(['A', 'ÄÖ', '座', '1', 'ABCDEFGH', 'ST-A', '𝐀'])('a row may be called %s', async (row) => {
    await database.dataSource.query(`INSERT INTO seat (show_id, "row", number, price) VALUES ($1, $2, 99, 0)`, [
      showId,
      row,
    ]);
  });

  it('a seat is sold once; of a cancelled booking it can be sold again', async () => {
    const sell = async () => {
      const id = randomUUID();
      await database.dataSource.query(booking('1').replace('gen_random_uuid()', `'${id}'`).replace(`'r'`, `'${id}'`), [
        showId,
      ]);
      await database.dataSource.query(
        `INSERT INTO booking_seat (show_id, "row", number, booking_id, price) VALUES ($1, 'A', 1, $2, 1)`,
        [showId, id],
      );
    };
    await sell();
    await expect(sell()).rejects.toThrow('booking_seat_sold');
    await database.dataSource.query('UPDATE booking_seat SET cancelled_at = now() WHERE show_id = $1', [showId]);
    await sell();
  });

  it('say in one place what lapsed means', () => {
    const saysIt = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .filter((name) =>
        /hold_expires_at\s*(<=?|>=?)\s*(statement_timestamp|clock_timestamp|now)\(/.test(
          readFileSync(join('src', name), 'utf8'),
        ),
      );
    expect(saysIt).toEqual([expect.stringMatching(/^database\/migrations\/.*columns-and-checks\.ts$/)]);
  });
});

/**
 * A rolling upgrade: an instance of version 0.1 sells while the schema changes under it, and then beside a new
 * instance.
 */
describe('version 0.1 beside this one', () => {
  const name = `rowlock_test_${randomUUID().slice(0, 8)}`;
  /** More seats than are sold. */
  const SEATS = 5_000;
  /** Each of the two must have sold so many beside the other. */
  const SOLD_BESIDE = 20;
  /** Slow machines sell slowly. */
  const SELLING_LIMIT_MS = 60_000;
  let old: DataSource;

  beforeAll(async () => {
    await onServer((server) => server.query(`CREATE DATABASE ${name} TEMPLATE template0`));
    const config = parseDatabaseEnvironment({ DATABASE_URL: urlOf(name) });
    const migrations = schema.migrations.slice(0, 1);
    old = await new DataSource(dataSourceOptions(config, { ...schema, migrations })).initialize();
    await migrate(old);
  });
  afterAll(async () => {
    await old.destroy();
    await dropDatabase(name);
  });

  it('sells on while the migration runs, and no seat twice', async () => {
    const showId = await createShow(old, { rows: 1, seatsPerRow: SEATS });
    const version01 = new Version01(old);
    const sold = { old: 0, new: 0 };
    let next = 1;
    let isOver = false;
    const sellOn = async (seller: 'old' | 'new', sell: (number: number) => Promise<boolean>) => {
      while (!isOver && next <= SEATS) {
        // Both want the same seat, so each meets rows that the other has written.
        const number = next;
        if (await sell(number)) sold[seller]++;
        next = Math.max(next, number + 1);
      }
    };
    const oldSells = sellOn('old', async (number) => {
      const holder = `guest:old-${number}`;
      return (await version01.hold(showId, 'A', number, holder)) && version01.book(showId, 'A', number, holder);
    });
    await until(() => sold.old >= SOLD_BESIDE, SELLING_LIMIT_MS);

    const app = await startApp({ DATABASE_URL: urlOf(name), MIGRATE_ON_START: 'true' });
    try {
      const newSells = sellOn('new', async (number) => {
        const buyer = await person(app);
        if ((await buyer.hold(showId, [`A${number}`])).status !== 200) return false;
        return (await buyer.book(showId, [`A${number}`])).status === 200;
      });
      const { old: soldBefore } = sold;
      await until(() => sold.old >= soldBefore + SOLD_BESIDE && sold.new >= SOLD_BESIDE, SELLING_LIMIT_MS);
      isOver = true;
      await Promise.all([oldSells, newSells]);

      const bookings = sold.old + sold.new;
      const report = await verifyLedger(app.dataSource);
      expect(report).toMatchObject({ seats: SEATS, bookings, transitions: 2 * bookings, violations: 0 });
    } finally {
      isOver = true;
      await oldSells;
      await app.close();
    }
  }, 60_000);
});
