import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { openDataSource } from '../../proof/kit/database-server';
import { ensureEmbeddedRoles } from '../../src/database/embedded-roles';
import { schema } from '../../src/database/schema';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { migrateDatabase } from '../../src/platform/database/migrate';
import { sqlState } from '../../src/platform/database/pg-errors';
import { startApp, TestApp } from '../support/app';
import { person } from '../support/client';
import { ok } from '../support/expectations';
import { asAppRole, dropDatabase, onServer, urlOf } from '../support/database';
import { createShow } from '../support/house';

const INSUFFICIENT_PRIVILEGE = '42501';

/** On a server that is not the tests' own no role is made, and nothing of this can be tried. */
const onOwnServer = process.env.TEST_APP_ROLE === undefined ? describe.skip : describe;

onOwnServer('the role that a server runs as', () => {
  let target: TestApp;
  let server: Client;

  beforeAll(async () => {
    target = await startApp();
    const showId = await createShow(target.dataSource);
    const ada = await person(target);
    await ok(ada.hold(showId, ['A1', 'A2']));
    await ok(ada.book(showId, ['A1']));
    server = new Client({ connectionString: asAppRole(target.databaseUrl) });
    await server.connect();
  });
  afterAll(async () => {
    await server.end();
    await target.close();
  });

  const migrateAgain = (env: NodeJS.ProcessEnv = {}) =>
    migrateDatabase(
      parseDatabaseEnvironment({
        DATABASE_URL: asAppRole(target.databaseUrl),
        DATABASE_MIGRATION_URL: target.databaseUrl,
        ...env,
      }),
      schema,
    );
  const may = async (right: string, table: string) =>
    (await server.query<{ may: boolean }>('SELECT has_table_privilege($1, $2) AS may', [table, right])).rows[0]!.may;

  const mayUpdate = (...columns: string[]) =>
    Promise.all(
      columns.map(async (column) => {
        const sql = `SELECT has_column_privilege('"user"', $1, 'UPDATE') AS may`;
        return (await server.query<{ may: boolean }>(sql, [column])).rows[0]!.may;
      }),
    );

  it('is said for every table at its entity', async () => {
    for (const { tableName } of target.dataSource.entityMetadatas) {
      expect([tableName, await may('SELECT', tableName)]).toEqual([tableName, true]);
    }
  });

  it.each([
    ...['seat_transition', 'booking', 'booking_seat'].flatMap((table) => [
      `UPDATE ${table} SET show_id = show_id`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ]),
    'DELETE FROM seat',
    'UPDATE show SET price = 0',
    'DELETE FROM show',
    `UPDATE "user" SET role = 'admin'`,
    `UPDATE "user" SET password_hash = '', username = 'ada'`,
    `UPDATE guest_takeover SET holder_id = ''`,
    'DELETE FROM guest_takeover',
    'ALTER TABLE seat DROP CONSTRAINT seat_status',
    'ALTER TABLE seat_transition DISABLE TRIGGER ALL',
    'DROP INDEX seat_hold_slot',
    'CREATE TABLE mine (id integer)',
    `COPY (SELECT 'x') TO PROGRAM 'cat'`,
    `CREATE TEMPORARY TABLE out (line text); COPY out FROM PROGRAM 'id'`,
    `SELECT pg_read_file('/etc/passwd')`,
    `SELECT * FROM pg_authid`,
    `ALTER ROLE current_user SUPERUSER`,
    `UPDATE migrations SET name = 'none'`,
  ])('may not %s', async (statement) => {
    expect(await server.query(statement).catch(sqlState)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('loses the rights that it should not have, and gets those that it lacks, at the next start', async () => {
    const role = `"${new URL(asAppRole(target.databaseUrl)).username}"`;
    await target.dataSource.query(`GRANT DELETE, TRUNCATE ON booking TO ${role}`);
    await target.dataSource.query(`REVOKE INSERT ON seat_transition FROM ${role}`);
    await target.dataSource.query(`GRANT UPDATE (role) ON "user" TO ${role}`);
    await target.dataSource.query(`REVOKE UPDATE (token_version) ON "user" FROM ${role}`);
    expect(await mayUpdate('role', 'token_version', 'password_hash')).toEqual([true, false, true]);
    expect(await may('DELETE', 'booking')).toBe(true);
    expect(await may('INSERT', 'seat_transition')).toBe(false);

    expect(await migrateAgain()).toEqual([]);

    expect(await may('DELETE', 'booking')).toBe(false);
    expect(await may('TRUNCATE', 'booking')).toBe(false);
    expect(await may('INSERT', 'booking')).toBe(true);
    expect(await may('INSERT', 'seat_transition')).toBe(true);
    expect(await mayUpdate('role', 'token_version', 'password_hash')).toEqual([false, true, true]);
  });

  it('is made by an owner that may make roles, and else the owner is told without a password', async () => {
    const name = `rowlock_test_${randomUUID().slice(0, 8)}`;
    const [owner, app] = [`${name}_owner`, `${name}_app`];
    const as = (role: string) => urlOf(name).replace(/(?<=:\/\/)[^@]*(?=@)/, `${role}:se%22cr'et`);
    await onServer(async (superuser) => {
      await superuser.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'se"cr''et'`);
      await superuser.query(`CREATE DATABASE ${name} TEMPLATE template0 OWNER ${owner}`);
    });
    try {
      const urls = { DATABASE_URL: as(app), DATABASE_MIGRATION_URL: as(owner) };
      await expect(migrateAgain(urls)).rejects.toThrow(
        new RegExp(`^The role ${app} of DATABASE_URL does not exist, .* may not make it\\.$`),
      );
      await onServer((superuser) => superuser.query(`ALTER ROLE ${owner} CREATEROLE`));
      await migrateAgain(urls);

      const made = new Client({ connectionString: as(app) });
      await made.connect();
      const { rows } = await made.query('SELECT count(*)::int AS shows FROM show');
      await made.end();
      expect(rows).toEqual([{ shows: 0 }]);
    } finally {
      await dropDatabase(name);
      await onServer((superuser) => superuser.query(`DROP ROLE IF EXISTS ${app}; DROP ROLE ${owner}`));
    }
  });

  it('is warned of when it is a superuser, and not otherwise', async () => {
    const warnings: unknown[] = [];
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation((message) => void warnings.push(message));
    const { TEST_APP_ROLE } = process.env;
    const start = async (env: NodeJS.ProcessEnv) => {
      warnings.length = 0;
      await (await startApp(env)).close();
      return warnings.filter((warning) => /superuser/.test(String(warning)));
    };
    try {
      expect(await start({ DATABASE_URL: target.databaseUrl })).toEqual([]);
      delete process.env.TEST_APP_ROLE;
      expect(await start({ DATABASE_URL: target.databaseUrl })).toEqual([
        expect.stringContaining('runs as a superuser'),
      ]);
    } finally {
      warn.mockRestore();
      process.env.TEST_APP_ROLE = TEST_APP_ROLE;
    }
  });

  it('is another than the owner in the embedded database, also in one that a superuser owned before', async () => {
    const name = `rowlock_test_${randomUUID().slice(0, 8)}`;
    await onServer((superuser) => superuser.query(`CREATE DATABASE ${name}`));
    try {
      const before = parseDatabaseEnvironment({ DATABASE_URL: urlOf(name) });
      await migrateDatabase(before, { ...schema, migrations: schema.migrations.slice(0, 1) });
      const [one, other] = await Promise.all([ensureEmbeddedRoles(urlOf(name)), ensureEmbeddedRoles(urlOf(name))]);
      expect(other).toEqual(one);
      const config = { ...before, database: { ...before.database, ...one } };
      const ran = await migrateDatabase(config, schema);
      expect(ran).toEqual(schema.migrations.slice(1).map((migration) => migration.name));

      const owners = new Client({ connectionString: one.url });
      await owners.connect();
      const { rows } = await owners.query(
        `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
      );
      const roles = await owners.query(
        `SELECT rolname, rolsuper, rolcreaterole FROM pg_roles WHERE rolname LIKE 'rowlock\\_%er' OR rolname = 'rowlock_app' ORDER BY 1`,
      );
      await owners.end();
      expect(rows).toEqual([{ owner: 'rowlock_owner' }]);
      expect(roles.rows).toEqual([
        { rolname: 'rowlock_app', rolsuper: false, rolcreaterole: false },
        { rolname: 'rowlock_owner', rolsuper: false, rolcreaterole: false },
      ]);
    } finally {
      await dropDatabase(name);
      await onServer((superuser) =>
        superuser.query('DROP ROLE IF EXISTS rowlock_app; DROP ROLE IF EXISTS rowlock_owner'),
      );
    }
  });
});

/** Databases and roles set them for their own purposes. */
const HOSTILE_SETTINGS = [
  `datestyle = 'German'`,
  `datestyle = 'SQL, DMY'`,
  `datestyle = 'Postgres, MDY'`,
  `intervalstyle = 'sql_standard'`,
  `timezone = 'America/St_Johns'`,
  'array_nulls = off',
  'extra_float_digits = -15',
  'bytea_output = escape',
  'standard_conforming_strings = off',
  `default_transaction_isolation = serializable`,
  'default_transaction_deferrable = on',
  'transform_null_equals = on',
  'enable_indexscan = off',
  'search_path = public, pg_catalog',
];

it('options of the address are kept beside ours, which win', async () => {
  const url = new URL(urlOf('postgres'));
  url.searchParams.set('options', '-c datestyle=German -c application_name=theirs -c work_mem=5MB');
  url.searchParams.set('connect_timeout', '7');
  const dataSource = await openDataSource(url.href);
  const [row] = await dataSource.query(
    `SELECT current_setting('DateStyle') AS style, current_setting('work_mem') AS memory`,
  );
  await dataSource.destroy();
  expect(row).toEqual({ style: expect.stringMatching(/^ISO, /), memory: '5MB' });
});

describe.each(HOSTILE_SETTINGS)('a database with %s', (setting) => {
  const name = `rowlock_test_${randomUUID().slice(0, 8)}`;
  let target: TestApp;

  beforeAll(async () => {
    await onServer(async (server) => {
      await server.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      await server.query(`ALTER DATABASE ${name} SET ${setting}`);
    });
    target = await startApp({ DATABASE_URL: urlOf(name) });
  });
  afterAll(async () => {
    await target?.close();
    await dropDatabase(name);
  });

  it('is sold from as any other', async () => {
    const dataSource = await openDataSource(urlOf(name));
    const showId = await createShow(dataSource, { price: '12.50' });
    await dataSource.destroy();
    const [ada, bob] = [await person(target), await person(target)];
    const { body: held } = await ok(ada.hold(showId, ['A1', 'A2'], { 'idempotency-key': 'once' }));
    expect(Date.parse(held.expires_at) - Date.parse(held.server_time)).toBe(600_000);
    expect((await ada.hold(showId, ['A1', 'A2'], { 'idempotency-key': 'once' })).body.expires_at).toBe(held.expires_at);
    expect((await bob.hold(showId, ['A1'])).status).toBe(409);
    await ok(ada.release(showId, ['A2']));
    const { body: booked } = await ok(ada.book(showId, ['A1']));
    expect(booked.total_paid).toBe('12.50');
    expect(booked.booking.booked_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
});
