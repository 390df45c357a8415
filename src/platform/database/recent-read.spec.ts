import { RecentRead } from './recent-read';

const MAX_AGE_MS = 1_000;
const PER_QUERY = 3;

/** A database that counts; queries end when the test says so. */
class Database {
  nowMs = 0;
  readonly queries: { keys: readonly string[]; answer: () => void; fail: () => void }[] = [];
  readonly recent = new RecentRead<string, string>(
    (keys) => {
      const value = `at ${this.nowMs}`;
      return new Promise((resolve, reject) => {
        this.queries.push({
          keys,
          answer: () => resolve(new Map(keys.filter((key) => key !== 'none').map((key) => [key, value]))),
          fail: () => reject(new Error('away')),
        });
      });
    },
    { maxAgeMs: MAX_AGE_MS, keysPerQuery: PER_QUERY },
    () => this.nowMs,
  );

  read(...keys: string[]): Promise<Record<string, string> | string> {
    return this.recent.read(keys).then(
      (values) => Object.fromEntries(values),
      (error: Error) => error.message,
    );
  }

  /** The query that runs ends, and the next one begins. */
  async answer(): Promise<void> {
    this.queries.at(-1)!.answer();
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a recent read', () => {
  it('is asked for once while it is recent, and again when it is not', async () => {
    const database = new Database();
    const first = database.read('a');
    await settle();
    await database.answer();
    expect(await first).toEqual({ a: 'at 0' });
    database.nowMs = MAX_AGE_MS;
    expect(await database.read('a')).toEqual({ a: 'at 0' });
    database.nowMs++;
    const later = database.read('a');
    await settle();
    await database.answer();
    expect(await later).toEqual({ a: 'at 1001' });
    expect(database.queries).toHaveLength(2);
  });

  it('is as old as its question, not as its answer', async () => {
    const database = new Database();
    void database.read('a');
    await settle();
    database.nowMs = MAX_AGE_MS;
    await database.answer();
    database.nowMs++;
    void database.read('a');
    await settle();
    expect(database.queries).toHaveLength(2);
  });

  it('asks one question at a time, and the next one for all that wait', async () => {
    const database = new Database();
    const answers = [database.read('a')];
    await settle();
    answers.push(database.read('a', 'b'), database.read('b', 'c'));
    await settle();
    expect(database.queries.map(({ keys }) => keys)).toEqual([['a']]);
    await database.answer();
    expect(database.queries.map(({ keys }) => keys)).toEqual([['a'], ['a', 'b', 'c']]);
    await database.answer();
    expect(await Promise.all(answers)).toEqual([{ a: 'at 0' }, { a: 'at 0', b: 'at 0' }, { b: 'at 0', c: 'at 0' }]);
  });

  it('asks for no more keys at once than it may', async () => {
    const database = new Database();
    const answer = database.read('a', 'b', 'c', 'd', 'e', 'f', 'g');
    await settle();
    await database.answer();
    await database.answer();
    await database.answer();
    expect(database.queries.map(({ keys }) => keys)).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    expect(Object.keys(await answer)).toHaveLength(7);
  });

  it('remembers for as long that there is nothing', async () => {
    const database = new Database();
    const answer = database.read('none');
    await settle();
    await database.answer();
    expect(await answer).toEqual({});
    expect(await database.read('none')).toEqual({});
    expect(database.queries).toHaveLength(1);
  });

  it('that fails fails for those who asked, and nobody else', async () => {
    const database = new Database();
    const first = database.read('a');
    await settle();
    const second = database.read('b');
    database.queries[0]!.fail();
    await settle();
    await database.answer();
    expect(await first).toBe('away');
    expect(await second).toEqual({ b: 'at 0' });
  });

  it('keeps nothing that is old, however many keys were asked for', async () => {
    const database = new Database();
    for (let round = 0; round < 100; round++) {
      database.nowMs = round * 100;
      void database.read(`key ${round}`);
      await settle();
      await database.answer();
    }
    expect(database.recent.size).toBe(11);
  });
});
