import fc from 'fast-check';
import { SharedRead } from './shared-read';

interface Query {
  readonly number: number;
  readonly key: string;
  readonly startedAt: number;
  settled: boolean;
  answer(): void;
  fail(): void;
}

/** A database whose queries end when the test says so; time is what the test counts. */
class Database {
  readonly queries: Query[] = [];
  mostAtOnce = 0;
  now = 0;

  readonly shared = new SharedRead<string, string>((key) => {
    const number = this.queries.length;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        query.settled = true;
        settle();
      };
      const query: Query = {
        number,
        key,
        startedAt: this.now,
        settled: false,
        answer: end(() => resolve(`answer ${number}`)),
        fail: end(() => reject(new Error(`failure ${number}`))),
      };
      this.queries.push(query);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running(key).length);
    });
  });

  running(key?: string): Query[] {
    return this.queries.filter((query) => !query.settled && (key === undefined || query.key === key));
  }

  /** What a reader gets, in words. */
  read(key: string): Promise<string> {
    return this.shared.read(key).catch((error: Error) => error.message);
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a shared read', () => {
  it('asks the database at once when nothing runs', () => {
    const database = new Database();
    void database.read('a');
    expect(database.queries).toHaveLength(1);
  });

  it('callers that ask while a query runs wait for the next one, and share it', async () => {
    const database = new Database();
    const first = database.read('a');
    const later = [database.read('a'), database.read('a'), database.read('a')];
    expect(database.queries).toHaveLength(1);

    database.queries[0]!.answer();
    expect(await first).toBe('answer 0');
    await settle();
    expect(database.queries).toHaveLength(2);
    database.queries[1]!.answer();
    expect(await Promise.all(later)).toEqual(['answer 1', 'answer 1', 'answer 1']);
    await settle();
    expect(database.queries).toHaveLength(2);
  });

  it('does not keep answers: a later caller asks the database', async () => {
    const database = new Database();
    const first = database.read('a');
    database.queries[0]!.answer();
    await first;
    await settle();
    const second = database.read('a');
    database.queries[1]!.answer();
    expect(await second).toBe('answer 1');
  });

  it('keys do not wait for one another', async () => {
    const database = new Database();
    const a = database.read('a');
    const b = database.read('b');
    database.queries[1]!.answer();
    expect(await b).toBe('answer 1');
    expect(database.running('a')).toHaveLength(1);
    database.queries[0]!.answer();
    expect(await a).toBe('answer 0');
  });

  it('a failure reaches the callers that shared the query, and none after them', async () => {
    const database = new Database();
    const first = database.read('a');
    const second = [database.read('a'), database.read('a')];
    database.queries[0]!.fail();
    expect(await first).toBe('failure 0');
    await settle();
    const third = database.read('a');
    database.queries[1]!.fail();
    expect(await Promise.all(second)).toEqual(['failure 1', 'failure 1']);
    await settle();
    database.queries[2]!.answer();
    expect(await third).toBe('answer 2');
  });

  it('a caller that asks again the moment it is answered shares the next query with those that wait for it', async () => {
    const database = new Database();
    const again = database.shared.read('a').then(() => database.shared.read('a'));
    const waiting = database.shared.read('a');
    database.queries[0]!.answer();
    await settle();
    expect(database.queries).toHaveLength(2);
    database.queries[1]!.answer();
    expect(await Promise.all([again, waiting])).toEqual(['answer 1', 'answer 1']);
  });

  it('forgets a key that nobody asks about', async () => {
    const database = new Database();
    const reads = [database.read('a'), database.read('a'), database.read('b')];
    database.running().forEach((query) => query.answer());
    await settle();
    database.running().forEach((query) => query.fail());
    await Promise.all(reads);
    await settle();
    expect(database.shared.size).toBe(0);
  });

  it('whatever the order: no answer older than its question, one query at a time a key, an answer for everybody', async () => {
    type Action = { do: 'read'; key: string } | { do: 'answer' | 'fail'; pick: number } | { do: 'wait' };
    const key = fc.constantFrom('a', 'b');
    const action: fc.Arbitrary<Action> = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('answer' as const, 'fail' as const), pick: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
        const database = new Database();
        const readers: { key: string; askedAt: number; got?: string }[] = [];
        for (const next of actions) {
          database.now++;
          if (next.do === 'read') {
            const reader: (typeof readers)[number] = { key: next.key, askedAt: database.now };
            readers.push(reader);
            void database.read(next.key).then((got) => (reader.got = got));
          } else if (next.do === 'wait') {
            await settle();
          } else {
            const running = database.running();
            running[next.pick % running.length]?.[next.do]();
          }
        }
        // Every query that still runs ends, and every one that starts then.
        for (await settle(); database.running().length > 0; await settle()) {
          database.now++;
          for (const query of database.running()) query.answer();
        }
        for (const { key: asked, askedAt, got } of readers) {
          const query = database.queries[Number(got?.split(' ')[1])];
          expect([query?.key, query && query.startedAt >= askedAt]).toEqual([asked, true]);
        }
        expect(database.mostAtOnce).toBeLessThanOrEqual(1);
        expect(database.queries.length).toBeLessThanOrEqual(readers.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a shared read that may be a little older', () => {
  const MAX_AGE_MS = 500;
  let nowMs: number;
  let queries: { key: string; answer: (value: string) => void; fail: () => void }[];
  let shared: SharedRead<string, string>;

  beforeEach(() => {
    nowMs = 0;
    queries = [];
    shared = new SharedRead(
      (key: string) =>
        new Promise<string>((resolve, reject) =>
          queries.push({ key, answer: resolve, fail: () => reject(new Error('away')) }),
        ),
      MAX_AGE_MS,
      () => nowMs,
    );
  });

  it('is shared while it is recent, and by nobody later', async () => {
    const first = shared.read('a');
    nowMs = MAX_AGE_MS;
    const beside = shared.read('a');
    queries[0]!.answer('old');
    expect([await first, await beside, await shared.read('a')]).toEqual(['old', 'old', 'old']);
    nowMs++;
    const later = shared.read('a');
    expect(queries).toHaveLength(2);
    queries[1]!.answer('new');
    expect(await later).toBe('new');
  });

  it('waits for the next query where the one that runs is too old', async () => {
    const first = shared.read('a');
    nowMs = MAX_AGE_MS + 1;
    const later = [shared.read('a'), shared.read('a')];
    expect(queries).toHaveLength(1);
    queries[0]!.answer('old');
    await settle();
    expect(queries).toHaveLength(2);
    queries[1]!.answer('new');
    expect([await first, ...(await Promise.all(later))]).toEqual(['old', 'new', 'new']);
  });

  it('that failed is not kept', async () => {
    const first = shared.read('a');
    queries[0]!.fail();
    await expect(first).rejects.toThrow('away');
    void shared.read('a');
    expect(queries).toHaveLength(2);
  });

  it('keeps nothing that is too old, however many questions there were', async () => {
    for (let round = 0; round < 100; round++) {
      nowMs = round * 100;
      const answer = shared.read(`key ${round}`);
      queries.at(-1)!.answer('');
      await answer;
    }
    expect(shared.size).toBe(6);
  });
});
