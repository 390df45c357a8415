import { verifyLedger } from '../../src/ledger/ledger-verifier';
import { openDataSource, query } from '../kit/database-server';
import { percentile, spread } from '../kit/figures';
import { LoadResult, runLoad } from '../kit/raw-load';
import type { Scenario } from './scenario';
import { Turnstile } from './turnstile';

const ROUNDS = 3;
const SECONDS = 5;
const GOODPUT_MIN = 0.85;
const TIMES = 10;
/** Of the ten times, at least so much must really have been sent, or nothing was measured. */
const SENT_MIN = 0.9;
const REFUSED_WITHIN_MS = 500;
const NORMAL_WITHIN_SECONDS = 5;
const NORMAL_RATIO_MAX = 2;

const SHOWS = 40;
const SEATS = 100;
const CLIENTS = SHOWS * SEATS;
/** As many as keep it busy all the time without being refused. */
const PEAK_CLIENTS = 64;
/** Normal is a part of what it can serve. */
const NORMAL_LOAD = 0.25;
const NORMAL_CLIENTS = 20;

/**
 * The database takes so long for a commit, and so few commands go with one, that ten times as much as the server can serve
 * can be sent on the same machine, and that it is the queue that overflows.
 */
const COMMIT_DELAY_US = 50_000;
const SETTINGS = {
  COMBINE_MAX: '4',
  COMBINE_LANES: '2',
  QUEUE_MAX: '100',
  HOLD_TTL_SECONDS: '600',
  SWEEP_ENABLED: 'false',
};

/** Far more is asked for than can be done. */
export const overload: Scenario = {
  name: 'overload',
  good:
    `with ${TIMES} times the load it can serve, goodput is at least ${GOODPUT_MIN} of its peak, refusals are quick, ` +
    `and all is normal within ${NORMAL_WITHIN_SECONDS} s`,
  async run(stage, { cycles: rounds = ROUNDS, seconds = SECONDS }, findings) {
    const house = await stage.house([{ shows: SHOWS, rows: 1, seatsPerRow: SEATS }]);
    const name = new URL(house.url).pathname.slice(1);
    await query(house.url, `ALTER DATABASE ${name} SET commit_delay = ${COMMIT_DELAY_US}`);
    await query(house.url, `ALTER DATABASE ${name} SET commit_siblings = 0`);
    const app = await stage.app(house.url, SETTINGS);
    const turnstile = await Turnstile.make(stage.client(app.url), house, CLIENTS);
    let successes = 0;
    const run = async (clients: number, forSeconds: number, arrivalsPerSecond?: number) => {
      const refusedMs: number[] = [];
      let endMs: number | undefined;
      let inTime = 0;
      const load = await runLoad({
        port: app.port,
        clients,
        seconds: forSeconds,
        ...(arrivalsPerSecond === undefined ? {} : { arrivalsPerSecond }),
        request: (client) => {
          // From the first request on: before it, connections are made.
          endMs ??= performance.now() + forSeconds * 1_000;
          return turnstile.request(client);
        },
        onAnswer: (client, answer, tookMs) => {
          turnstile.turn(client, answer);
          if (answer !== '200') refusedMs.push(tookMs);
          else if (performance.now() <= endMs!) inTime++;
        },
      });
      successes += load.counts['200'] ?? 0;
      const unfit = Object.keys(load.counts).filter(
        (answer) => !['200', '503 BUSY', '429 RATE_LIMITED'].includes(answer),
      );
      findings.expect(unfit.length === 0, `answers: ${JSON.stringify(load.counts)}`);
      return { load, refusedMs, perSecond: inTime / forSeconds };
    };

    const peaks: number[] = [];
    const goodputs: number[] = [];
    const sent: number[] = [];
    const refusalsMs: number[] = [];
    const recoveries: number[] = [];
    await run(PEAK_CLIENTS, 2); // warm-up
    for (let round = 0; round < rounds; round++) {
      const peak = (await run(PEAK_CLIENTS, seconds)).perSecond;
      const normalPerSecond = peak * NORMAL_LOAD;
      const normal = (await run(NORMAL_CLIENTS, seconds, normalPerSecond)).load;
      const over = await run(CLIENTS, seconds, TIMES * peak);
      const oneSecond = async () => (await run(NORMAL_CLIENTS, 1, normalPerSecond)).load;
      recoveries.push(await secondsUntilNormal(percentile(normal.latenciesMs, 0.99), oneSecond));
      peaks.push(peak);
      goodputs.push(over.perSecond / peak);
      sent.push(over.load.answers / seconds / peak);
      refusalsMs.push(percentile(over.refusedMs, 0.99));
    }
    const list = (values: readonly number[], digits: number) => values.map((value) => value.toFixed(digits)).join(', ');
    findings.note('peak (holds and releases a second)', list(peaks, 0));
    findings.note('sent in overload (times the peak)', list(sent, 1));
    findings.note('goodput in overload (of the peak)', `${spread(goodputs).median.toFixed(2)} (${list(goodputs, 2)})`);
    findings.note('refusals, p99 (ms)', `${spread(refusalsMs).median.toFixed(0)} (${list(refusalsMs, 0)})`);
    findings.note('normal again in second', recoveries.join(', '));
    findings.expect(
      spread(sent).median >= SENT_MIN * TIMES,
      `only ${spread(sent).median.toFixed(1)} times the peak was sent`,
    );
    findings.expect(
      spread(goodputs).median >= GOODPUT_MIN,
      `goodput was ${spread(goodputs).median.toFixed(2)} of the peak`,
    );
    findings.expect(
      spread(refusalsMs).median <= REFUSED_WITHIN_MS,
      `refusals took ${spread(refusalsMs).median.toFixed(0)} ms`,
    );
    findings.expect(
      Math.max(...recoveries) <= NORMAL_WITHIN_SECONDS,
      `normal again only in second ${recoveries.join(', ')}`,
    );

    const steps = await turnstile.stepsMade();
    findings.note('successes, each with its step in the ledger', successes);
    findings.expect(steps === successes, `${successes} successes, ${steps} steps in the ledger`);
    const dataSource = await openDataSource(house.url);
    const { violations, listed } = await verifyLedger(dataSource, { holdLimit: 10 }).finally(() =>
      dataSource.destroy(),
    );
    findings.expect(violations === 0, `${violations} violations: ${JSON.stringify(listed[0])}`);
  },
};

/** In which second everybody is served, and as fast as before. Infinity if in none of those that are allowed. */
async function secondsUntilNormal(normalP99Ms: number, oneSecond: () => Promise<LoadResult>): Promise<number> {
  for (let second = 1; second <= NORMAL_WITHIN_SECONDS; second++) {
    const { counts, answers, latenciesMs } = await oneSecond();
    if (counts['200'] === answers && percentile(latenciesMs, 0.99) <= NORMAL_RATIO_MAX * normalP99Ms) return second;
  }
  return Infinity;
}
