import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schema } from '../../src/database/schema';
import { startApp } from '../support/app';
import { person } from '../support/client';
import { createTestDatabase, dropDatabase, onServer, TestDatabase, urlOf } from '../support/database';
import { ok } from '../support/expectations';
import { createShow } from '../support/house';
import { startProgram } from '../support/program';

const MIGRATIONS = schema.migrations.map((migration) => migration.name).join('\n');

/** Runs a command until it ends by itself. */
const runProgram = (program: string, args: string[], env: NodeJS.ProcessEnv) =>
  startProgram(`src/${program}.ts`, args, env).ended;

const run = (command: string, args: string[], env: NodeJS.ProcessEnv) => runProgram(`cli/${command}`, args, env);

const UNREACHABLE = 'postgres://rowlock:secret@127.0.0.1:1/rowlock';

describe('commands', () => {
  const empty = `rowlock_test_commands_${process.pid}`;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await onServer((server) => server.query(`CREATE DATABASE ${empty} TEMPLATE template0`));
  });

  afterAll(async () => {
    await database.drop();
    await dropDatabase(empty);
  });

  const onDatabase = () => ({ DATABASE_URL: database.url });

  it('verify does not migrate a database that is not its own, and says that it could not verify', async () => {
    const { code, stdout, stderr } = await run('verify', [], { DATABASE_URL: urlOf(empty) });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('npm run migrate');
  });

  it('migrate prints what ran', async () => {
    expect(await run('migrate', [], { DATABASE_URL: urlOf(empty) })).toMatchObject({
      code: 0,
      stdout: `${MIGRATIONS}\n`,
    });
    expect(await run('migrate', [], { DATABASE_URL: urlOf(empty) })).toMatchObject({ code: 0, stdout: '' });
  });

  it('seed prints what it made, for people', async () => {
    const { code, stdout } = await run('seed', [], onDatabase());

    expect(code).toBe(0);
    expect(stdout).toContain('user demo_user_123, password demo_pass_123');
    expect(stdout).toMatch(/^  show 1: Top Gun: Maverick, Screen 1 \(Main Hall\), 50 seats, \d{4}-/m);
  });

  it('seed prints the ids of the shows it adds as JSON, and nothing else', async () => {
    const { code, stdout, stderr } = await run(
      'seed',
      ['--shows', '3', '--rows', '2', '--seats-per-row', '4', '--json'],
      onDatabase(),
    );

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      demo: { movies: [], screens: [], shows: [], user: null },
      show_ids: [5, 6, 7],
      seats: 24,
    });
    expect(stderr).toMatch(/^24 seats took \d+\.\d s\.\n$/);
  });

  it('seed says so when there is nothing to make', async () => {
    expect(await run('seed', ['--demo-user'], onDatabase())).toEqual({
      code: 0,
      stdout: 'Made nothing: the demo is complete.\n',
      stderr: '',
    });
  });

  it.each([
    ['--rows 3', '--rows is about the shows that --shows adds'],
    ['--Shows 3', "Unknown option '--Shows'"],
    ['3', "Unexpected argument '3'"],
  ])('seed refuses %s before it does anything', async (args, said) => {
    const { code, stdout, stderr } = await run('seed', args.split(' '), { DATABASE_URL: UNREACHABLE });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('    at ');
  });

  it('verify tells by its exit code whether everything agrees', async () => {
    const { code, stdout } = await run('verify', ['--json'], onDatabase());

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ shows: 7, seats: 184, violations: 0, listed: [] });

    await database.dataSource.query('UPDATE seat SET version = 1 WHERE show_id = 1 AND number = 1');

    const violated = await run('verify', ['--list', '2'], onDatabase());
    expect(violated.code).toBe(1);
    expect(violated.stdout.split('\n')).toEqual([
      'STORED_SEAT: show 1, seat A1, version 0: version is 1, by the ledger 0',
      'STORED_SEAT: show 1, seat B1, version 0: version is 1, by the ledger 0',
      '… and 3 more',
      expect.stringContaining('The seals were not checked'),
      expect.stringMatching(/^7 shows, 184 seats, 0 transitions, 0 bookings, 5 violations, \d+\.\d s$/),
      '',
    ]);
    expect(JSON.parse((await run('verify', ['--json', '--list', '1'], onDatabase())).stdout)).toMatchObject({
      violations: 5,
      listed: [{ rule: 'STORED_SEAT', show_id: 1, row: 'A', number: 1, version: 0, booking_id: null }],
    });
  });

  it('verify exports heads once, and finds later that something is gone', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rowlock-heads-'));
    const file = join(directory, 'heads.json');
    const sold = await createTestDatabase();
    try {
      const LEDGER_SECRET = 'the secret of this ledger is long enough';
      const env = { DATABASE_URL: sold.url, LEDGER_SECRET };
      const showId = await createShow(sold.dataSource);
      const app = await startApp(env);
      await ok((await person(app)).hold(showId, ['A1', 'A2']));
      await app.close();

      expect(await run('verify', ['--export-heads', file], { ...env, LEDGER_SECRET: '' })).toMatchObject({ code: 2 });
      expect(await run('verify', ['--export-heads', file], env)).toMatchObject({ code: 0, stderr: '' });
      expect(await run('verify', ['--export-heads', file], env)).toMatchObject({ code: 2 });
      const checked = await run('verify', ['--json', '--head', file], env);
      expect(JSON.parse(checked.stdout)).toMatchObject({ violations: 0, seals_checked: true, unsealed: 0 });

      await sold.dataSource.query(
        `DELETE FROM seat_transition; DELETE FROM ledger_head; DELETE FROM ledger_opening;
         UPDATE seat SET status = 'AVAILABLE', version = 0, holder_id = NULL, held_at = NULL, hold_price = NULL,
                         hold_expires_at = NULL, hold_slot = NULL, seal = NULL`,
      );
      expect((await run('verify', [], env)).code).toBe(0);
      const gone = await run('verify', ['--head', file], env);
      expect(gone.code).toBe(1);
      expect(gone.stdout).toMatch(
        /^HEAD: show 1, seat A1, version 1: the head of .* has this step, the ledger has not\n/,
      );

      await writeFile(file, (await readFile(file, 'utf8')).replace('"A":{"1":1', '"A":{"1":0'));
      const forged = await run('verify', ['--head', file], env);
      expect(forged).toMatchObject({ code: 2, stderr: expect.stringContaining('not as it was exported') });
    } finally {
      await sold.drop();
      await rm(directory, { recursive: true });
    }
  }, 180_000);

  it.each(['migrate', 'seed', 'verify'])('%s explains itself', async (command) => {
    const { code, stdout } = await run(command, ['--help'], { DATABASE_URL: UNREACHABLE });

    expect(code).toBe(0);
    expect(stdout).toContain(`npm run ${command}`);
  });

  it.each(['migrate', 'seed', 'verify'])(
    '%s fails with 2, and without the password, when there is no database',
    async (command) => {
      const { code, stdout, stderr } = await run(command, [], { DATABASE_URL: UNREACHABLE });

      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain("can't be reached");
      expect(stderr).not.toContain('secret');
    },
  );

  it('names every mistake in the environment', async () => {
    const { code, stderr } = await run('migrate', [], { DATABASE_URL: 'mysql://somewhere', LOCK_TIMEOUT_MS: 'soon' });

    expect(code).toBe(2);
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).toContain('LOCK_TIMEOUT_MS');
  });

  it.each(['main', 'cli/up'])('%s says in a sentence that its port is in use, and ends with 1', async (program) => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    try {
      const { code, stderr } = await runProgram(program, [], {
        ...onDatabase(),
        AUTH_JWT_SECRET: 'a-secret-for-tests-of-32-characters-or-more',
        HOST: '127.0.0.1',
        PORT: String(port),
      });

      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `Port ${port} is in use: set PORT to another one, or to 0 for any free one.\n`,
      });
    } finally {
      occupant.close();
    }
  });

  it('up refuses a secret that other users can read, in a sentence and before it starts anything', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-commands-'));
    try {
      const secret = join(dataDir, 'jwt-secret');
      await writeFile(secret, 'x'.repeat(43), { mode: 0o644 });

      const { code, stdout, stderr } = await run('up', [], { EMBEDDED_DATABASE_DIR: join(dataDir, 'postgres') });

      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `${secret} is open to other users (mode 644). Delete it for a new one, or close it if nobody has read it: chmod 600.\n`,
      );
      expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('main tells of variables that may be misspelt', async () => {
    const { stderr } = await runProgram('main', [], {
      DATABASE_URL: UNREACHABLE,
      AUTH_JWT_SECRET: 'a-secret-for-tests-of-32-characters-or-more',
      HOLD_TTL: '60',
    });

    expect(stderr).toMatch(/^Note: HOLD_TTL is no setting\. Is HOLD_TTL_SECONDS meant\?\n/);
  });

  it('say how to do without the embedded database where it can not run', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-commands-'));
    try {
      await writeFile(join(dataDir, 'thesis.tex'), 'years of work');

      expect(await run('migrate', [], { EMBEDDED_DATABASE_DIR: dataDir })).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^Embedded PostgreSQL: .* holds other files .*\nTo use .*, set DATABASE_URL\.\n$/,
        ),
      });
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('use the embedded database where none is named, and stop it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-commands-'));
    try {
      const embedded = { EMBEDDED_DATABASE_DIR: join(dataDir, 'postgres') };

      expect(await run('verify', [], embedded)).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 seats') });
      expect(await run('migrate', [], embedded)).toMatchObject({ code: 0, stdout: '' });
      expect(await run('seed', ['--json'], embedded)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('"show_ids":[]'),
      });
      expect(await run('verify', [], embedded)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('160 seats'),
      });
      expect(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
