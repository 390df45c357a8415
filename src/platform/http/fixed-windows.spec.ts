import { FixedWindows } from './fixed-windows';

describe('FixedWindows', () => {
  let nowMs: number;
  const windows = (windowsMax?: number) => new FixedWindows(windowsMax, () => nowMs);

  beforeEach(() => {
    nowMs = 5_000;
  });

  it('lets the limit through, then nothing until the window that began with the first hit ends', async () => {
    const limits = windows();
    for (let i = 0; i < 3; i++) expect((await limits.increment('a', 60_000, 3)).isBlocked).toBe(false);
    nowMs += 100;
    expect(await limits.increment('a', 60_000, 3)).toEqual({
      totalHits: 4,
      timeToExpire: 60,
      isBlocked: true,
      timeToBlockExpire: 60,
    });
    nowMs += 59_000;
    expect(await limits.increment('a', 60_000, 3)).toMatchObject({ isBlocked: true, timeToBlockExpire: 1 });
    nowMs += 899;
    expect((await limits.increment('a', 60_000, 3)).isBlocked).toBe(true);
    nowMs += 1;
    expect(await limits.increment('a', 60_000, 3)).toEqual({
      totalHits: 1,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 0,
    });
  });

  it('counts each key by itself', async () => {
    const limits = windows();
    await limits.increment('a', 60_000, 1);
    expect((await limits.increment('a', 60_000, 1)).isBlocked).toBe(true);
    expect((await limits.increment('b', 60_000, 1)).isBlocked).toBe(false);
  });

  it('forgets the oldest windows when there are too many, and ended ones first', async () => {
    const limits = windows(3);
    for (const key of ['a', 'b', 'c']) await limits.increment(key, 60_000, 1);
    await limits.increment('d', 60_000, 1);
    expect((await limits.increment('c', 60_000, 1)).isBlocked).toBe(true);
    expect((await limits.increment('a', 60_000, 1)).isBlocked).toBe(false);
  });

  it('holds no more than its share of memory, however many keys come', async () => {
    const limits = windows(1_000);
    for (let i = 0; i < 20_000; i++) await limits.increment(`key ${i}`, 60_000, 1);
    expect((limits as unknown as { windows: Map<string, unknown> }).windows.size).toBe(1_000);
    nowMs += 60_000;
    await limits.increment('later', 60_000, 1);
    expect((limits as unknown as { windows: Map<string, unknown> }).windows.size).toBe(1);
  });
});
