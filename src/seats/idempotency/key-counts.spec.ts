import { KeyCounts } from './key-counts';

const SPAN_MS = 10_000;

describe('the count of a holder’s keys', () => {
  let nowMs: number;
  const counts = (holdersMax?: number) => new KeyCounts(SPAN_MS, holdersMax, () => nowMs);

  beforeEach(() => {
    nowMs = 5_000;
  });

  it('is each holder’s own, and begins anew a span after the first', () => {
    const keys = counts();
    keys.add('ann');
    nowMs += 4_000;
    keys.add('ann');
    keys.add('ben');
    expect([keys.of('ann'), keys.secondsLeft('ann'), keys.of('ben'), keys.of('cat')]).toEqual([2, 6, 1, 0]);
    nowMs += 5_999;
    expect(keys.of('ann')).toBe(2);
    nowMs += 1;
    expect([keys.of('ann'), keys.of('ben')]).toEqual([0, 1]);
    keys.add('ann');
    expect([keys.of('ann'), keys.secondsLeft('ann')]).toEqual([1, 10]);
  });

  it('takes a bounded memory: ever new holders push the oldest out', () => {
    const keys = counts(100);
    for (let i = 0; i < 10_000; i++) keys.add(`holder ${i}`);
    const kept = Array.from({ length: 10_000 }, (_, i) => keys.of(`holder ${i}`)).filter((count) => count > 0);
    expect(kept).toHaveLength(100);
    expect([keys.of('holder 9899'), keys.of('holder 9900')]).toEqual([0, 1]);
  });

  it('gives the room of ended spans to others', () => {
    const keys = counts(2);
    keys.add('ann');
    nowMs += SPAN_MS;
    keys.add('ben');
    keys.add('cat');
    expect([keys.of('ben'), keys.of('cat')]).toEqual([1, 1]);
  });
});
