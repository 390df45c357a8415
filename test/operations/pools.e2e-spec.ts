import { block } from '../../proof/kit/blocker';
import { until } from '../../proof/kit/until';
import { poolOf, ReadDataSource } from '../../src/platform/database/pools';
import { startApp, TestApp } from '../support/app';
import { Answer, person, Person, request } from '../support/client';
import { expectProblem, ok } from '../support/expectations';
import { createShow } from '../support/house';

const READERS = 2;
const WAITING = 1;
/** Every read waits for it, and no command. */
const STOP_READS = 'LOCK TABLE screen IN ACCESS EXCLUSIVE MODE';

let target: TestApp;
let me: Person;
let showIds: number[];

async function start(settings: NodeJS.ProcessEnv): Promise<void> {
  target = await startApp({
    DATABASE_READ_POOL_MAX: String(READERS),
    DATABASE_READ_QUEUE_MAX: String(WAITING),
    ...settings,
  });
  me = await person(target);
  showIds = await Promise.all([1, 2, 3, 4].map(() => createShow(target.dataSource, { rows: 1, seatsPerRow: 4 })));
}
afterEach(() => target.close());

// Each of another show, as readers of one show share a query.
const read = (index: number) => request(target, 'GET', `/api/seats/?show_id=${showIds[index]}`);
const waitingReads = () => poolOf(target.app.get(ReadDataSource)).waitingCount;

describe('reads that don’t end', () => {
  it('keep no command from its connection, and the next of them are refused at once', async () => {
    await start({ DATABASE_READ_TIMEOUT_MS: '60000', LOCK_TIMEOUT_MS: '60000' });
    const blocker = await block(target.databaseUrl, STOP_READS);
    const reads = [read(0), read(1)];
    await blocker.untilWaiting(READERS);
    reads.push(read(2));
    await until(() => waitingReads() === WAITING);
    const metrics = (await request(target, 'GET', '/metrics/')).body as string;
    expect(metrics).toContain(`rowlock_database_connections{pool="reads",state="busy"} ${READERS}`);
    expect(metrics).toContain(`rowlock_database_waiting{pool="reads"} ${WAITING}`);

    const refused = await read(3);
    expectProblem(refused, 'BUSY');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body.detail).toContain(String(WAITING));
    await ok(me.hold(showIds[0]!, ['A1']));
    await ok(me.book(showIds[0]!, ['A1']));
    const login = await request(target, 'POST', '/api/auth/register/', {
      body: { username: `reader-${Date.now()}`, password: 'Tr0ubadour&3' },
    });
    expect(login.status).toBe(201);
    await ok(request(target, 'GET', '/health/ready'));

    await blocker.release();
    for (const answer of await Promise.all(reads)) expect(answer.status).toBe(200);
  });

  it('are ended and told to come again', async () => {
    await start({ DATABASE_READ_TIMEOUT_MS: '50', STATEMENT_TIMEOUT_MS: '60000', LOCK_TIMEOUT_MS: '60000' });
    const blocker = await block(target.databaseUrl, STOP_READS);
    const answers: Answer[] = [];
    const reads = [
      read(0),
      request(target, 'GET', '/api/shows/'),
      request(target, 'GET', `/api/shows/${showIds[0]}/`),
    ].map(async (answer) => answers.push(await answer));
    // Nothing but the limit ends them.
    await until(() => answers.length === reads.length).finally(() => blocker.release());
    for (const answer of answers) expectProblem(answer, 'BUSY');
    await ok(read(0));
  });
});
