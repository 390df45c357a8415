import { newGuest } from './holder';
import { VerifiedTokens } from './verified-tokens';

describe('VerifiedTokens', () => {
  const holder = newGuest();

  it('finds what is remembered, until the very millisecond it ends', () => {
    const tokens = new VerifiedTokens(10);
    tokens.remember('t', { holder, validUntilMs: 1_000 });
    expect(tokens.find('t', 999)).toBe(holder);
    expect(tokens.find('t', 1_000)).toBeUndefined();
    expect(tokens.find('t', 999)).toBeUndefined();
    expect(tokens.size).toBe(0);
  });

  it('forgets what was not used for longest when it is full', () => {
    const tokens = new VerifiedTokens(2);
    tokens.remember('a', { holder, validUntilMs: 1_000 });
    tokens.remember('b', { holder, validUntilMs: 1_000 });
    tokens.find('a', 0);
    tokens.remember('c', { holder, validUntilMs: 1_000 });
    expect(['a', 'b', 'c'].filter((token) => tokens.find(token, 0))).toEqual(['a', 'c']);
    tokens.remember('c', { holder, validUntilMs: 2_000 });
    expect(tokens.size).toBe(2);
  });

  it('keeps no token, however long, but its hash', () => {
    const tokens = new VerifiedTokens(2);
    for (let i = 0; i < 5; i++) tokens.remember('x'.repeat(16_000 + i), { holder, validUntilMs: 1_000 });
    const { tokens: kept } = tokens as unknown as { tokens: Map<string, unknown> };
    expect([...kept.keys()].map((key) => key.length)).toEqual([44, 44]);
    expect(tokens.find('x'.repeat(16_004), 0)).toBe(holder);
    expect(tokens.find([...kept.keys()][0]!, 0)).toBeUndefined();
  });
});
