import { LoginDelays } from './login-delays';

describe('LoginDelays', () => {
  let waited: number[];
  let isHeld: boolean;
  let held: (() => void)[];

  beforeEach(() => {
    waited = [];
    held = [];
    isHeld = false;
  });

  const delays = (maxMs = 4_000, namesMax?: number) =>
    new LoginDelays(maxMs, namesMax, (ms) => {
      waited.push(ms);
      return isHeld ? new Promise((resolve) => held.push(resolve)) : Promise.resolve();
    });
  const fail = async (logins: LoginDelays, times: number, name = 'ada') => {
    for (let i = 0; i < times; i++) await logins.beforeAttempt(name, `203.0.113.${i}`);
  };

  it('hold nobody back for a few typing errors, then ever longer, up to some seconds', async () => {
    await fail(delays(), 12);
    expect(waited).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it('are for one name alone', async () => {
    const logins = delays();
    await fail(logins, 10);
    waited = [];
    await fail(logins, 5, 'eve');
    expect(waited).toEqual([]);
  });

  it('count no attempt that succeeded', async () => {
    const logins = delays();
    for (let i = 0; i < 20; i++) {
      await logins.beforeAttempt('ada', '192.0.2.1');
      logins.succeeded('ada', '192.0.2.1');
    }
    await fail(logins, 5);
    expect(waited).toEqual([]);
  });

  it('do not hold back an address from which the name has logged in before', async () => {
    const logins = delays();
    await logins.beforeAttempt('ada', '192.0.2.1');
    logins.succeeded('ada', '192.0.2.1');
    await fail(logins, 10);
    waited = [];
    await logins.beforeAttempt('ada', '192.0.2.1');
    expect(waited).toEqual([]);
    await logins.beforeAttempt('ada', '192.0.2.2');
    expect(waited).toEqual([4_000]);
  });

  it('let 32 attempts at a name wait, and refuse more until one is let through', async () => {
    const logins = delays();
    await fail(logins, 5);
    isHeld = true;
    const waiting = Array.from({ length: 32 }, (_, i) => logins.beforeAttempt('ada', `198.51.100.${i}`));
    await expect(logins.beforeAttempt('ada', '192.0.2.1')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      extras: { detail: expect.stringContaining('32'), retryAfterSeconds: 4 },
    });
    expect(logins.waiting).toBe(32);
    for (const go of held) go();
    await Promise.all(waiting);
    expect(logins.waiting).toBe(0);
    isHeld = false;
    await expect(logins.beforeAttempt('ada', '192.0.2.1')).resolves.toBeUndefined();
  });

  it('can be switched off', async () => {
    await fail(delays(0), 40);
    expect(waited).toEqual([]);
  });

  it('remember no more names than fit, and forget the oldest first', async () => {
    const logins = delays(4_000, 10);
    await fail(logins, 8);
    for (let i = 0; i < 1_000; i++) await logins.beforeAttempt(`made-up-${i}`, '203.0.113.9');
    const { attempts } = logins as unknown as { attempts: { size: number } };
    expect(attempts.size).toBe(10);
    waited = [];
    await fail(logins, 5);
    expect(waited).toEqual([]);
  });
});
