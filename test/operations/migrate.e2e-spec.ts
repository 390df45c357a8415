import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { until } from '../../proof/kit/until';
import { parseDatabaseEnvironment } from '../../src/platform/config/app-config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { LockedError } from '../../src/platform/database/maintenance';
import { migrate, MIGRATION_LOCK } from '../../src/platform/database/migrate';
import { schema } from '../../src/database/schema';
import { dropDatabase, onServer, urlOf } from '../support/database';

const ALL = schema.migrations.map((migration) => migration.name);

/** Limits far below the time that the migrations below take. A limit that still applied would show. */
const TIGHT_LIMITS = { LOCK_TIMEOUT_MS: '20', STATEMENT_TIMEOUT_MS: '200', IDLE_IN_TRANSACTION_TIMEOUT_MS: '200' };
const LONGER_THAN_THE_LIMITS_MS = 1_500; // the driver's own limit is a second above the statement's

class SlowStatement1895530000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE slow_one (id integer)');
    await runner.query('SELECT pg_sleep($1)', [LONGER_THAN_THE_LIMITS_MS / 1_000]);
  }

  async down(): Promise<void> {}
}

class Broken1895530000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_done (id integer)');
    await runner.query('SELECT 1 / 0');
  }

  async down(): Promise<void> {}
}

class IndexConcurrently1895530000003 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX CONCURRENTLY movie_duration ON movie (duration_minutes)');
  }

  async down(): Promise<void> {}
}

describe('migrate', () => {
  let name: string;
  let open: DataSource[];

  beforeEach(async () => {
    name = `rowlock_test_${randomUUID().slice(0, 8)}`;
    open = [];
    await onServer((server) => server.query(`CREATE DATABASE ${name} TEMPLATE template0`));
  });

  afterEach(async () => {
    for (const dataSource of open) await dataSource.destroy();
    await dropDatabase(name);
  });

  const connect = async (migrations: (new () => MigrationInterface)[] = schema.migrations) => {
    const config = parseDatabaseEnvironment({ ...TIGHT_LIMITS, DATABASE_URL: urlOf(name) });
    const dataSource = await new DataSource(dataSourceOptions(config, { ...schema, migrations })).initialize();
    open.push(dataSource);
    return dataSource;
  };

  const recorded = async (dataSource: DataSource) =>
    (await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id')).map((row) => row.name);

  it('runs every migration once when five instances start together on an empty database', async () => {
    const instances = await Promise.all(Array.from({ length: 5 }, () => connect()));

    const ran = await Promise.all(instances.map((instance) => migrate(instance)));

    expect(ran.filter((names) => names.length > 0)).toEqual([ALL]);
    expect(await recorded(instances[0]!)).toEqual(ALL);
  });

  it('has nothing to do the second time', async () => {
    const dataSource = await connect();
    await migrate(dataSource);

    expect(await migrate(dataSource)).toEqual([]);
  });

  it('lets a migration take longer than the limits for everyday statements, those the database sets included', async () => {
    await onServer((server) => server.query(`ALTER DATABASE ${name} SET statement_timeout = 200`));
    const instances = await Promise.all([connect([SlowStatement1895530000001]), connect([SlowStatement1895530000001])]);

    const ran = await Promise.all(instances.map((instance) => migrate(instance)));

    expect(ran.flat()).toEqual(['SlowStatement1895530000001']);
  });

  it('waits for as long as another instance migrates', async () => {
    const other = new Client({ connectionString: urlOf(name) });
    await other.connect();
    await other.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);
    let isOver = false;
    const migrated = connect()
      .then((dataSource) => migrate(dataSource))
      .finally(() => (isOver = true));

    await until(async () => {
      expect(isOver).toBe(false);
      const { rows } = await other.query<{ waited_ms: number }>(
        `SELECT extract(epoch FROM query_start - backend_start)::float8 * 1000 AS waited_ms
           FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()`,
      );
      return (rows[0]?.waited_ms ?? 0) >= LONGER_THAN_THE_LIMITS_MS;
    });
    await other.end();

    expect(await migrated).toEqual(ALL);
  });

  it('waits no longer than it may, and says which session keeps the lock', async () => {
    const other = new Client({ connectionString: urlOf(name), application_name: 'a-dashboard' });
    await other.connect();
    await other.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);
    const [{ pid }] = (await other.query('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];

    const refused = migrate(await connect(), { lockTimeoutMs: 1 });

    await expect(refused).rejects.toThrow(LockedError);
    await expect(refused).rejects.toThrow(new RegExp(`by process ${pid} of role \\w+ \\(a-dashboard, `));
    await other.end();
  });

  it('takes no lock where nothing is pending, so that nobody who keeps it can stop a start', async () => {
    await migrate(await connect());
    const other = new Client({ connectionString: urlOf(name) });
    await other.connect();
    await other.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);

    expect(await migrate(await connect(), { lockTimeoutMs: 1 })).toEqual([]);
    await other.end();
  });

  it('can build an index concurrently while another instance waits', async () => {
    const migrations = [...schema.migrations, IndexConcurrently1895530000003];
    const instances = await Promise.all(Array.from({ length: 3 }, () => connect(migrations)));

    const ran = await Promise.all(instances.map((instance) => migrate(instance)));

    expect(ran.flat()).toEqual([...ALL, 'IndexConcurrently1895530000003']);
  });

  it('reports the migration that fails, keeps nothing of it and those before it, and blocks nobody afterwards', async () => {
    const dataSource = await connect([...schema.migrations, Broken1895530000002]);
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);

    await expect(migrate(dataSource)).rejects.toThrow('division by zero');

    expect(log).toHaveBeenCalledWith(expect.stringContaining('"Broken1895530000002" failed'));
    log.mockRestore();

    expect(await recorded(dataSource)).toEqual(ALL);
    expect(await dataSource.query(`SELECT to_regclass('half_done') AS found`)).toEqual([{ found: null }]);
    expect(await migrate(await connect())).toEqual([]);
  });

  describe('entities and migrations', () => {
    /** The statements by which TypeORM would make the tables as the entities say. */
    const differences = async (dataSource: DataSource) =>
      (await dataSource.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);

    it('agree', async () => {
      const dataSource = await connect();
      await migrate(dataSource);

      expect(await differences(dataSource)).toEqual([]);
    });

    it.each([
      ['a type', 'ALTER TABLE movie ALTER COLUMN duration_minutes TYPE bigint', '"movie"'],
      ['a default', `ALTER TABLE seat ALTER COLUMN status SET DEFAULT 'HELD'`, '"seat"'],
      ['a null', 'ALTER TABLE booking ALTER COLUMN holder_id DROP NOT NULL', '"booking"'],
      ['a check', 'ALTER TABLE seat DROP CONSTRAINT seat_status', 'seat_status'],
      ['an index', 'DROP INDEX seat_hold_slot', 'seat_hold_slot'],
    ])('would be found to disagree about %s', async (_, change, named) => {
      const dataSource = await connect();
      await migrate(dataSource);
      await dataSource.query(change);

      expect((await differences(dataSource)).join('\n')).toContain(named);
    });
  });
});
