import fc from 'fast-check';
import { ServerClock } from './server-clock';

describe('the server’s clock', () => {
  test('is as wrong as the shortest delay, and never ahead', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(60_000), { minLength: 1 }), (startMs, delaysMs) => {
        let localMs = 0;
        const clock = new ServerClock(() => localMs);
        for (const delayMs of delaysMs) {
          const sentMs = startMs + localMs;
          localMs += delayMs;
          clock.observe(new Date(sentMs).toISOString());
        }
        expect(startMs + localMs - clock.nowMs).toBe(Math.min(...delaysMs));
      }),
    );
  });
});
