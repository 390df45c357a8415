import { ask } from '../checkers/attempt';
import { STOP_ALL } from '../kit/blocker';
import { percentile, tally } from '../kit/figures';
import { outcomeOf, Reply, tookMs } from '../kit/http-client';
import { until } from '../kit/until';
import { guests } from '../people/target';
import type { Scenario } from './scenario';

const CYCLES = 3;
/** Two for the lanes, two for reads, and two for all else. */
const POOL = 6;
const LANES = 2;
const READERS = 2;
const QUEUE_MAX = 100;
const BEYOND = 50;
const REFUSED_WITHIN_MS = 1_000;
/** Readiness has a connection of its own, on which nothing waits. */
const READY_WITHIN_MS = 1_000;
const RECOVERED_WITHIN_MS = 1_000;
/** Longer than all that is done meanwhile: nothing may end the wait but the end of the block. */
const WAITS_MS = '15000';
const SHOWS = 8;
const ROWS = 'ABCDEFGHIJ';
const SEATS_PER_ROW = Math.ceil((LANES + QUEUE_MAX + BEYOND) / SHOWS);

/** Another session has locked the table that all need, so that every connection of commands and reads waits. */
export const connectionsBusy: Scenario = {
  name: 'connections-busy',
  good: 'the queue is bounded, readiness still answers, recovery within 1 s',
  async run(stage, { cycles = CYCLES }, findings) {
    const house = await stage.house([{ shows: SHOWS, rows: ROWS.length, seatsPerRow: SEATS_PER_ROW }]);
    const showIds = house.showIds[0]!;
    const app = await stage.app(house.url, {
      DATABASE_POOL_MAX: String(POOL),
      DATABASE_READ_POOL_MAX: String(READERS),
      DATABASE_READ_TIMEOUT_MS: WAITS_MS,
      COMBINE_LANES: String(LANES),
      QUEUE_MAX: String(QUEUE_MAX),
      LOCK_TIMEOUT_MS: WAITS_MS,
      STATEMENT_TIMEOUT_MS: WAITS_MS,
      QUEUE_TIMEOUT_MS: WAITS_MS,
      HOLD_TTL_SECONDS: '600',
      SWEEP_ENABLED: 'false',
    });
    const client = stage.client(app.url);
    const people = await guests(client, LANES + QUEUE_MAX + BEYOND);
    const refusedMs: number[] = [];
    const readyMs: number[] = [];
    const recoveredMs: number[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      // Reads wait as well.
      const blocker = await stage.block(house.url, STOP_ALL);
      const seat = (index: number) => `${ROWS[cycle % ROWS.length]}/${Math.floor(index / SHOWS) + 1}`;
      const hold = (index: number) => {
        const [holder, showId] = [people[index]!, showIds[index % SHOWS]!];
        return ask(client, { holder, command: 'hold', showId, seats: [seat(index)] });
      };
      const first = Array.from({ length: LANES }, (_, index) => hold(index));
      await blocker.untilWaiting(LANES);
      const reads = showIds.slice(0, READERS).map((id) => client.request('GET', `/api/seats/?show_id=${id}`));
      await blocker.untilWaiting(LANES + READERS);

      const early: Reply[] = [];
      const rest = people.slice(LANES).map((_, index) => hold(LANES + index));
      for (const answer of rest) void answer.then((reply) => early.push(reply));
      await until(() => early.length >= BEYOND);
      const [ready, live] = await Promise.all([
        client.request('GET', '/health/ready'),
        client.request('GET', '/health/live'),
      ]);
      readyMs.push(tookMs(ready));
      refusedMs.push(...early.map(tookMs));
      const refused = tally(early, outcomeOf);
      const isBounded = refused['503 BUSY'] === BEYOND && early.length === BEYOND;
      findings.expect(
        isBounded,
        `beyond the queue of ${QUEUE_MAX}: ${JSON.stringify(refused)}, not ${BEYOND} times BUSY`,
      );
      findings.expect(ready.status === 200, `readiness says ${ready.status} while the database answers`);
      findings.expect(live.status === 200, `liveness says ${live.status}`);

      await blocker.release();
      const freeMs = performance.now();
      const readyAgain = await client.request('GET', '/health/ready');
      const served = await Promise.all([...first, ...reads, ...rest]);
      recoveredMs.push(
        Math.max(...served.map(({ answeredMs }) => answeredMs ?? Infinity), readyAgain.answeredMs ?? Infinity) - freeMs,
      );
      const outcome = tally(served, outcomeOf);
      findings.expect(outcome['200'] === LANES + READERS + QUEUE_MAX, `afterwards: ${JSON.stringify(outcome)}`);
      findings.expect(readyAgain.status === 200, `readiness says ${readyAgain.status} afterwards`);
    }
    findings.note('times', cycles);
    findings.note('refused beyond the queue, each time', BEYOND);
    findings.took('refusals, p99', [percentile(refusedMs, 0.99)], REFUSED_WITHIN_MS);
    findings.took('readiness answered after', readyMs, READY_WITHIN_MS);
    findings.took('everybody served after', recoveredMs, RECOVERED_WITHIN_MS);
  },
};
