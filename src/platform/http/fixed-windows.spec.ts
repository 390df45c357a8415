import { FixedWindows } from './fixed-windows';

describe('FixedWindows', () => {
  let nowMs: number;
  const windows = (windowsMax?: number) => new FixedWindows(windowsMax, () => nowMs);

  beforeEach(() => {
    nowMs = 5_000;
  });

  it('lets the limit through, then nothing until the window that began with the first hit ends', () => {
    const limits = windows();
    for (let i = 0; i < 3; i++) expect(limits.hit('a', 60_000, 3).isBlocked).toBe(false);
    nowMs += 100;
    expect(limits.hit('a', 60_000, 3)).toEqual({
      totalHits: 4,
      timeToExpire: 60,
      isBlocked: true,
      timeToBlockExpire: 60,
    });
    nowMs += 59_000;
    expect(limits.hit('a', 60_000, 3)).toMatchObject({ isBlocked: true, timeToBlockExpire: 1 });
    nowMs += 899;
    expect(limits.hit('a', 60_000, 3).isBlocked).toBe(true);
    nowMs += 1;
    expect(limits.hit('a', 60_000, 3)).toEqual({
      totalHits: 1,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 0,
    });
  });

  it('counts each key by itself', () => {
    const limits = windows();
    limits.hit('a', 60_000, 1);
    expect(limits.hit('a', 60_000, 1).isBlocked).toBe(true);
    expect(limits.hit('b', 60_000, 1).isBlocked).toBe(false);
  });

  it('forgets the oldest windows when there are too many, and ended ones first', () => {
    const limits = windows(3);
    for (const key of ['a', 'b', 'c']) limits.hit(key, 60_000, 1);
    limits.hit('d', 60_000, 1);
    expect(limits.hit('c', 60_000, 1).isBlocked).toBe(true);
    expect(limits.hit('a', 60_000, 1).isBlocked).toBe(false);
  });

  it('holds no more than its share of memory, however many keys come', () => {
    const limits = windows(1_000);
    for (let i = 0; i < 20_000; i++) limits.hit(`key ${i}`, 60_000, 1);
    expect(limits.size).toBe(1_000);
    nowMs += 60_000;
    limits.hit('later', 60_000, 1);
    expect(limits.size).toBe(1);
  });

  it('refuses nobody because it is full: at the bound a newcomer begins with all of the limit, as does a forgotten key', () => {
    const limits = windows(3);
    for (const key of ['honest', 'b', 'c']) limits.hit(key, 60_000, 2);
    for (let i = 0; i < 10; i++) expect(limits.hit(`made up ${i}`, 60_000, 2).isBlocked).toBe(false);
    expect([1, 2, 3].map(() => limits.hit('honest', 60_000, 2).isBlocked)).toEqual([false, false, true]);
    expect(limits.size).toBe(3);
  });

  it('tells the hits of a key without adding one', () => {
    const limits = windows();
    expect(limits.current('a')).toEqual({ hits: 0, secondsLeft: 0 });
    limits.hit('a', 60_000, 1);
    nowMs += 500;
    limits.hit('a', 60_000, 1);
    expect([limits.current('a'), limits.current('a')]).toEqual([
      { hits: 2, secondsLeft: 60 },
      { hits: 2, secondsLeft: 60 },
    ]);
    nowMs += 59_500;
    expect(limits.current('a')).toEqual({ hits: 0, secondsLeft: 0 });
  });

  it('can take a hit back, and no more than there were', () => {
    const limits = windows();
    limits.hit('a', 60_000, 1);
    limits.takeBack('a');
    limits.takeBack('a');
    limits.takeBack('b');
    expect([1, 2].map(() => limits.hit('a', 60_000, 1).isBlocked)).toEqual([false, true]);
    expect(limits.size).toBe(1);
  });
});
