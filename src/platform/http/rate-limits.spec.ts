import type { AppConfig } from '../config/app-config';
import { LOGINS_OF_ADDRESS, LOGINS_OF_NAME, RateLimits, REGISTRATIONS } from './rate-limits';

const limits = (enabled = true) =>
  new RateLimits({
    rateLimits: {
      enabled,
      loginPerMinute: 3,
      loginAddressPerMinute: 4,
      loginDelayMaxMs: 0,
      registerPerMinute: 2,
    } as AppConfig['rateLimits'],
  });

/** How many of so many are let through. */
function letThrough(times: number, count: (i: number) => void): number {
  let through = 0;
  for (let i = 0; i < times; i++) {
    try {
      count(i);
      through++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED', extras: { retryAfterSeconds: expect.any(Number) } });
    }
  }
  return through;
}

describe('RateLimits', () => {
  it('say the limit', () => {
    const counts = limits();
    letThrough(4, () => counts.countAddress(LOGINS_OF_ADDRESS, '192.0.2.1'));
    expect(() => counts.countAddress(LOGINS_OF_ADDRESS, '192.0.2.1')).toThrow(
      'No more than 4 login attempts from one address a minute.',
    );
  });

  it('take the addresses of a /64 for one, and let a /48 have ten times as much', () => {
    const counts = limits();
    const ask = (ip: string) => counts.countAddress(LOGINS_OF_ADDRESS, ip);
    expect(letThrough(9, (i) => ask(`2001:db8:1:1::${i}`))).toBe(4);
    expect(letThrough(100, (i) => ask(`2001:db8:2:${i}::1`))).toBe(40);
    expect(() => ask('2001:db8:2:ffff::1')).toThrow('No more than 40 login attempts from one network a minute.');
    expect(letThrough(9, () => ask('2001:db8:3:1::1'))).toBe(4);
  });

  it('do not see the port that a proxy writes behind the address', () => {
    const counts = limits();
    expect(letThrough(9, (i) => counts.countAddress(REGISTRATIONS, `203.0.113.7:${50_000 + i}`))).toBe(2);
  });

  it('of one rule are forgotten for none of another, whatever a client makes up', () => {
    const counts = limits();
    letThrough(4, () => counts.countAddress(LOGINS_OF_ADDRESS, '192.0.2.1'));
    for (let i = 0; i < 100_001; i++) counts.count(LOGINS_OF_NAME, `192.0.2.1 made-up-${i}`);
    expect(letThrough(1, () => counts.countAddress(LOGINS_OF_ADDRESS, '192.0.2.1'))).toBe(0);
    expect(letThrough(4, () => counts.count(LOGINS_OF_NAME, '192.0.2.2 honest'))).toBe(3);
  });

  it('hold no more than one table of 100,000 for a rule', () => {
    const counts = limits();
    for (let i = 0; i < 150_000; i++) counts.count(LOGINS_OF_NAME, String(i));
    const { tables } = counts as unknown as { tables: Map<string, { size: number }> };
    expect([...tables].map(([name, { size }]) => [name, size])).toEqual([['login', 100_000]]);
  });

  it('can be switched off', () => {
    const counts = limits(false);
    expect(letThrough(100, () => counts.countAddress(REGISTRATIONS, '192.0.2.1'))).toBe(100);
  });
});
