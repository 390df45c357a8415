import { Rereads } from './rereads';

interface Key {
  readonly name: string;
}

describe('tasks that are asked for again and again', () => {
  let running: Map<Key, () => void>;
  let runs: string[];
  let rereads: Rereads<Key>;
  const [a, b, c] = ['a', 'b', 'c'].map((name): Key => ({ name })) as [Key, Key, Key];

  beforeEach(() => {
    jest.useFakeTimers();
    running = new Map();
    runs = [];
    rereads = new Rereads(
      (key) =>
        new Promise((resolve) => {
          runs.push(key.name);
          running.set(key, resolve);
        }),
      2,
      200,
    );
  });
  afterEach(() => jest.useRealTimers());

  const finish = async (key: Key) => {
    running.get(key)!();
    running.delete(key);
    await jest.advanceTimersByTimeAsync(0);
  };

  it('run at once, so many at a time', async () => {
    for (const key of [a, b, c]) rereads.want(key);
    expect(runs).toEqual(['a', 'b']);
    await finish(b);
    expect(runs).toEqual(['a', 'b', 'c']);
  });

  it('run once more for all who asked meanwhile, and never twice at once', async () => {
    rereads.want(a);
    for (let i = 0; i < 100; i++) {
      rereads.want(a);
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(runs).toEqual(['a']);
    await finish(a);
    expect(runs).toEqual(['a', 'a']);
    await finish(a);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(runs).toEqual(['a', 'a']);
  });

  it('run again only after a rest', async () => {
    rereads.want(a);
    await finish(a);
    rereads.want(a);
    await jest.advanceTimersByTimeAsync(199);
    expect(runs).toEqual(['a']);
    await jest.advanceTimersByTimeAsync(1);
    expect(runs).toEqual(['a', 'a']);
    await finish(a);
  });

  it('do not run for what is gone', async () => {
    for (const key of [a, b, c]) rereads.want(key);
    rereads.drop(c);
    await finish(a);
    expect(runs).toEqual(['a', 'b']);
  });
});
