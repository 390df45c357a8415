import type { DataSource } from 'typeorm';
import { openDataSource } from '../../proof/kit/database-server';
import { HeadSigner } from '../../src/ledger/head-signer';
import { readHeadsFile, writeHeads } from '../../src/ledger/heads-file';
import type { LedgerHead } from '../../src/ledger/ledger-head';
import { verifyLedger, VerifyOptions } from '../../src/ledger/ledger-verifier';
import { Metrics } from '../../src/platform/metrics/metrics';
import { Seals } from '../../src/platform/seals';
import { lapseCommand, seatCommand } from '../../src/seats/seat-command';
import { SeatCommandQueue } from '../../src/seats/seat-command-queue';
import { startApp, TEST_SECRET, TestApp } from '../support/app';
import { ok } from '../support/expectations';
import { person, Person } from '../support/client';
import { createTestDatabase, dropDatabase, onServer, TestDatabase, urlOf } from '../support/database';
import { createShow } from '../support/house';
import { Falsification, FALSIFICATIONS, FORGERIES_OF_OLD_ROWS } from './falsifications';
import { Version01 } from './version-0-1';

const SEALS = new Seals([TEST_SECRET]);

/** Signs what has changed, as the job does from time to time. */
const sign = ({ app }: TestApp) => app.get(HeadSigner, { strict: false }).round();
const nameOf = (url: string) => new URL(url).pathname.slice(1);

/** Copies a database to which nobody is connected, and runs some work on the copy. */
async function onClone<T>(template: string, work: (dataSource: DataSource, url: string) => Promise<T>): Promise<T> {
  const name = `${nameOf(template)}_clone`;
  await onServer((server) => server.query(`CREATE DATABASE ${name} TEMPLATE ${nameOf(template)}`));
  const dataSource = await openDataSource(urlOf(name));
  try {
    return await work(dataSource, urlOf(name));
  } finally {
    await dataSource.destroy();
    await dropDatabase(name);
  }
}

async function brokenRules(dataSource: DataSource, options: VerifyOptions): Promise<string[]> {
  // An UPDATE makes its row one of another transaction. Somebody with SQL can copy the tables instead, as a dump does.
  const all = { isRestored: true, checksSales: true, listMax: 1_000, ...options };
  const { listed } = await verifyLedger(dataSource, all);
  return [...new Set(listed.map(({ rule }) => rule))].sort();
}

const sorted = (rules: readonly string[]) => [...rules].sort();

describe('a falsified ledger', () => {
  let database: TestDatabase;
  let people: Record<'anne' | 'bob' | 'cleo', Person>;
  let heads: ReadonlyMap<number, LedgerHead>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const target = await startApp({ DATABASE_URL: database.url });
    for (const _ of [1, 2]) await createShow(database.dataSource, { rows: 2, seatsPerRow: 10 });
    people = { anne: await person(target), bob: await person(target), cleo: await person(target) };
    const { anne, bob, cleo } = people;
    await ok(anne.hold(1, ['A1', 'A2']));
    await ok(anne.book(1, ['A1', 'A2'], { 'idempotency-key': 'book' }));
    await ok(bob.hold(1, ['A3']));
    await ok(bob.book(1, ['A3']));
    await ok(cleo.hold(1, ['A4']));
    await ok(cleo.hold(1, ['A5']));
    await ok(cleo.release(1, ['A5']));
    await ok(anne.hold(1, ['A6'], { 'idempotency-key': 'hold' }));
    await ok(bob.hold(2, ['A1']));
    await ok(bob.book(2, ['A1']));
    const block = { name: 'block', holderId: null, actorId: 'user:house', reason: 'broken' } as const;
    await target.app
      .get(SeatCommandQueue)
      .submit(seatCommand({ ...block, showId: 1, seats: [{ row: 'A', number: 7 }] }));
    await sign(target);
    const made: LedgerHead[] = [];
    await verifyLedger(database.dataSource, { seals: SEALS }, (head) => made.push(head));
    heads = readHeadsFile(writeHeads(made, 0, SEALS), SEALS).heads;
    await target.close();
    await database.dataSource.destroy();
  }, 30_000);
  afterAll(() => dropDatabase(nameOf(database.url)));

  const falsify = (dataSource: DataSource, { sql }: Falsification) =>
    dataSource.query(
      `BEGIN; ${sql.replace(/\$(anne|bob|cleo)/g, (_, name: keyof typeof people) => people[name].id)}; COMMIT`,
    );

  it.each(FALSIFICATIONS.map((one) => [one.name, one] as const))('%s', async (_, falsification) => {
    await onClone(database.url, async (dataSource) => {
      await falsify(dataSource, falsification);

      const { name, sql, rules, withHeads } = falsification;
      // It takes half a second.
      const checksSchema = name === 'nothing' || /ALTER|CREATE|DROP/.test(sql);
      expect(await brokenRules(dataSource, { seals: SEALS, checksSchema })).toEqual(sorted(rules));
      if (rules.length > 0 && !withHeads) return;
      expect(await brokenRules(dataSource, { seals: SEALS, heads, checksSchema })).toEqual(sorted(withHeads ?? rules));
    });
  });

  it('says for each that is not found why not', () => {
    const unfound = FALSIFICATIONS.filter(({ name, rules }) => rules.length === 0 && name !== 'nothing');
    expect(unfound.filter(({ outOfReach }) => outOfReach === undefined)).toEqual([]);
    expect(FALSIFICATIONS.length - unfound.length).toBeGreaterThan(45);
  });

  it('is found also where the seats were sold again since, and no head is signed over it', async () => {
    await onClone(database.url, async (dataSource, url) => {
      await falsify(
        dataSource,
        FALSIFICATIONS.find(({ name }) => name.startsWith('a sale undone'))!,
      );
      const target = await startApp({ DATABASE_URL: url });
      const dora = await person(target);
      // To the version that it had, and one seat more.
      await ok(dora.hold(1, ['A3']));
      await ok(dora.book(1, ['A3']));
      await ok(dora.hold(1, ['A8']));
      await sign(target);
      const metrics = await target.app.get(Metrics, { strict: false }).registry.getMetricsAsJSON();
      await target.close();

      const valueOf = (name: string) => metrics.find((metric) => metric.name === name)?.values[0]?.value;
      expect([valueOf('ledger_heads_signed_total'), valueOf('ledger_heads_refused_total')]).toEqual([0, 1]);
      expect(await brokenRules(dataSource, { seals: SEALS, heads })).toEqual(['HEAD']);
    });
  });

  it('is not covered up by a new head for one that was deleted', async () => {
    await onClone(database.url, async (dataSource, url) => {
      await dataSource.query('DELETE FROM ledger_head WHERE show_id = 1');
      const target = await startApp({ DATABASE_URL: url });
      await ok((await person(target)).hold(1, ['A8']));
      await sign(target);
      await target.close();

      expect(await brokenRules(dataSource, { seals: SEALS })).toEqual(['HEAD_SEAL']);
    });
  });

  it('is found without the secrets where heads disagree, in the database and in a file, and the lost step is named', async () => {
    await onClone(database.url, async (dataSource) => {
      await falsify(
        dataSource,
        FALSIFICATIONS.find(({ name }) => name === 'a hold undone with its step')!,
      );

      const { listed } = await verifyLedger(dataSource, { heads, isRestored: true });
      expect(listed).toMatchObject(Array(2).fill({ rule: 'HEAD', showId: 1, row: 'A', number: 4, version: 1 }));
    });
  });

  it('leaves exported heads a prefix of what is sold later', async () => {
    await onClone(database.url, async (dataSource, url) => {
      const target = await startApp({ DATABASE_URL: url });
      const dora = await person(target);
      await ok(dora.hold(1, ['A8', 'A9', 'B1']));
      await ok(dora.book(1, ['A8']));
      await ok(dora.release(1, ['A9']));
      await target.app.get(SeatCommandQueue).submit(lapseCommand(1, [{ row: 'A', number: 4 }]));
      await sign(target);
      await target.close();

      expect(await brokenRules(dataSource, { seals: SEALS, heads })).toEqual([]);
    });
  });

  it('keeps no show waiting for its head but the one that is falsified, and the one that somebody locks', async () => {
    await onClone(database.url, async (dataSource, url) => {
      for (const _ of [3, 4, 5]) await createShow(dataSource, { rows: 2, seatsPerRow: 10 });
      await falsify(
        dataSource,
        FALSIFICATIONS.find(({ name }) => name === 'a hold undone with its step')!,
      );
      const target = await startApp({ DATABASE_URL: url, LOCK_TIMEOUT_MS: '50' });
      const dora = await person(target);
      for (const showId of [1, 2, 3, 4, 5]) await ok(dora.hold(showId, ['A9', 'B1']));
      const signed = async () => {
        const rows = await dataSource.query<{ show_id: number }[]>(
          `SELECT show_id FROM ledger_head AS head
            WHERE steps = (SELECT sum(version) FROM seat WHERE seat.show_id = head.show_id) ORDER BY show_id`,
        );
        return rows.map(({ show_id: id }) => id);
      };
      const somebody = dataSource.createQueryRunner();
      await somebody.query(`SELECT pg_advisory_lock(hashtextextended('rowlock: ledger head 4', 0))`);
      await expect(sign(target)).rejects.toThrow('lock timeout');
      expect(await signed()).toEqual([2, 3, 5]);

      await somebody.query('SELECT pg_advisory_unlock_all()');
      await somebody.release();
      await sign(target);
      expect(await signed()).toEqual([2, 3, 4, 5]);
      await target.close();
    });
  });

  it('is told from one that was sealed with a former secret', async () => {
    await onClone(database.url, async (dataSource, url) => {
      const LEDGER_SECRET = 'another secret of at least 32 characters';
      const target = await startApp({ DATABASE_URL: url, LEDGER_SECRET });
      const dora = await person(target);
      await ok(dora.hold(1, ['A8']));
      await ok(dora.book(1, ['A8']));
      await sign(target);
      await target.close();

      expect(await brokenRules(dataSource, { seals: new Seals([LEDGER_SECRET, TEST_SECRET]), heads })).toEqual([]);
      expect(await brokenRules(dataSource, { seals: new Seals([LEDGER_SECRET]) })).toEqual(['SEAL_KEY']);
      expect(await brokenRules(dataSource, { seals: SEALS })).toEqual(['SEAL_KEY']);
    });
  });

  it('is found by a file of heads that nobody has changed', () => {
    const text = writeHeads([...heads.values()], 5, SEALS);
    expect(readHeadsFile(text, SEALS)).toEqual({ heads, verdict: 'right' });
    expect(readHeadsFile(text.replace('"steps":', '"steps":1'), SEALS).verdict).toBe('wrong');
    expect(readHeadsFile(writeHeads([], 5, SEALS), new Seals(['x'])).verdict).toBe('unknown key');
    expect(() => readHeadsFile('{}', SEALS)).toThrow('no heads');
  });
});

describe('a ledger from before there were seals', () => {
  let database: TestDatabase;
  let showId: number;

  beforeEach(async () => {
    database = await createTestDatabase();
    showId = await createShow(database.dataSource, { rows: 2, seatsPerRow: 10 });
    await sellOld('B', 1);
    await new Version01(database.dataSource).hold(showId, 'B', 2, 'guest:dora');
  });
  afterEach(() => database.drop());

  const sellOld = async (row: string, number: number) => {
    const old = new Version01(database.dataSource);
    // Version 0.1 is told the first slot for every hold here.
    const holder = `guest:${row}${number}`;
    expect(await old.hold(showId, row, number, holder)).toBe(true);
    expect(await old.book(showId, row, number, holder)).toBe(true);
  };
  const broken = () => brokenRules(database.dataSource, { seals: SEALS });

  it('may grow beside this version for a while, and not afterwards', async () => {
    const target = await startApp({ DATABASE_URL: database.url });
    const anne = await person(target);
    await ok(anne.hold(showId, ['A1', 'A2']));
    await sellOld('A', 3);
    await ok(anne.book(showId, ['A1']));
    await sign(target);
    await target.close();
    expect(await broken()).toEqual([]);

    await database.dataSource.query(
      `UPDATE seat_transition SET at = at + interval '25 hours', hold_expires_at = hold_expires_at + interval '25 hours'
        WHERE "row" = 'A' AND number = 3 AND version = 2`,
    );
    expect(await broken()).toContain('UNSEALED');
  });

  it('takes a seat over from the version before, and gives it back', async () => {
    const target = await startApp({ DATABASE_URL: database.url });
    const anne = await person(target);
    await ok(anne.hold(showId, ['A1']));
    await ok(anne.release(showId, ['A1']));
    await new Version01(database.dataSource).hold(showId, 'A', 1, 'guest:emil');
    await database.dataSource.query(
      `UPDATE seat SET held_at = held_at - interval '1 hour', hold_expires_at = hold_expires_at - interval '1 hour' WHERE "row" = 'A';
       UPDATE seat_transition SET hold_expires_at = hold_expires_at - interval '1 hour', at = at - interval '1 hour'
        WHERE "row" = 'A' AND seal IS NULL`,
    );
    await ok(anne.hold(showId, ['A1']));
    await sign(target);
    await target.close();

    // Moving the old hold into the past broke the order of times, and no seal.
    expect(await broken()).toEqual(['TIME']);
  });

  describe('once its steps are counted', () => {
    let target: TestApp;

    beforeEach(async () => {
      target = await startApp({ DATABASE_URL: database.url, LEDGER_UPGRADE_HOURS: '0' });
      await sign(target);
      const anne = await person(target);
      await ok(anne.hold(showId, ['A1']));
      await sign(target);
      await target.close();
    });

    it.each(FORGERIES_OF_OLD_ROWS.map((one) => [one.name, one] as const))('%s', async (_, { sql, rules }) => {
      await database.dataSource.query(`BEGIN; ${sql}; COMMIT`);

      expect(await broken()).toEqual(sorted(rules));
    });
  });
});
