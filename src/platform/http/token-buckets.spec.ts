import { TokenBuckets } from './token-buckets';

describe('TokenBuckets', () => {
  let nowMs = 0;
  const taken = (buckets: TokenBuckets, key: string) => {
    if (buckets.waitMs(key) > 0) return false;
    buckets.take(key);
    return true;
  };
  const takenOf = (buckets: TokenBuckets, key: string, tries: number) =>
    Array.from({ length: tries }, () => taken(buckets, key)).filter(Boolean).length;

  it('gives a burst, then as many a minute as it may, each key by itself', () => {
    const buckets = new TokenBuckets(5, 60, 10, () => nowMs);
    expect(takenOf(buckets, 'a', 9)).toBe(5);
    expect(takenOf(buckets, 'b', 9)).toBe(5);
    expect(buckets.waitMs('a')).toBe(1_000);
    nowMs += 999;
    expect(taken(buckets, 'a')).toBe(false);
    nowMs += 1;
    expect(takenOf(buckets, 'a', 9)).toBe(1);
    nowMs += 60_000;
    expect(takenOf(buckets, 'a', 9)).toBe(5); // never more than the burst
  });

  it('forgets the bucket that was not used for longest, and has no more than it may', () => {
    const buckets = new TokenBuckets(1, 1, 2, () => nowMs);
    for (const key of ['a', 'b', 'a2', 'b2', 'c']) buckets.take(key);
    expect((buckets as unknown as { buckets: Map<string, unknown> }).buckets.size).toBe(2);
    expect(['b2', 'c', 'a'].map((key) => buckets.waitMs(key) > 0)).toEqual([true, true, false]);
  });
});
