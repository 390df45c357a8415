import { EventLoopDelay } from './overload';

it('tells within a long turn of the event loop how long it is already, and forgets it in the next', async () => {
  const delay = new EventLoopDelay();
  const startMs = performance.now();
  while (performance.now() < startMs + 120);
  expect(delay.nowMs).toBeGreaterThanOrEqual(99);
  while (delay.nowMs > 50) await new Promise((resolve) => setImmediate(resolve));
  delay.onApplicationShutdown();
});
