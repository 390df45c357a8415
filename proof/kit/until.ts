import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, looking often. @throws when it has not come true after `timeoutMs` */
export async function until(condition: () => Promise<boolean> | boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${condition}`);
    await pause(5);
  }
}
