import { get, IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { STOP_COMMANDS } from '../kit/blocker';
import { tally } from '../kit/figures';
import { HttpClient, outcomeOf, Reply } from '../kit/http-client';
import { until } from '../kit/until';
import { PERSISTENT } from '../people/person';
import { Load, PLAN } from './load';
import type { Scenario } from './scenario';

const CYCLES = 2;
const STREAMS = 3;
const GRACE_SECONDS = 10;
const LOAD_MS = 700;
/** Until the signal has arrived; requests that are sent before that may be served as ever. */
const SIGNAL_MS = 250;
const NEWCOMERS = 20;
const END_TIMEOUT_MS = 20_000;

/** SIGTERM under load, with commands in flight, open event streams and newcomers. */
export const appTerminated: Scenario = {
  name: 'app-terminated',
  good: 'in-flight requests finish, new ones get 503 or no connection, streams end, exit with 0 within the grace period',
  async run(stage, { cycles = CYCLES, seed }, findings) {
    const house = await stage.house(PLAN);
    const finished: number[] = [];
    const exitsMs: number[] = [];
    const newcomers: Reply[] = [];
    const afterSignal: Outcome[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      const app = await stage.app(house.url, { SHUTDOWN_GRACE_SECONDS: String(GRACE_SECONDS) });
      const instances = stage.instances([app.url]);
      // A person that hangs up or sends again would hide that there was no answer.
      const load = await Load.start(stage, instances, house, seed + cycle, {
        ...PERSISTENT,
        dropped: 0,
        doubled: 0,
        retried: 0,
      });
      const streams = await Promise.all(
        house.showIds[2]!.slice(0, STREAMS).map((id) => openStream(`${app.url}/api/shows/${id}/events`)),
      );
      await pause(LOAD_MS);

      // Commands get as far as their locks, and wait there; so it is known that some are in flight.
      const blocker = await stage.block(house.url, STOP_COMMANDS);
      await until(async () => (await blocker.waiting()) > 0);
      const termMs = performance.now();
      process.kill(app.pid, 'SIGTERM');
      await pause(SIGNAL_MS);
      newcomers.push(...(await Promise.all(Array.from({ length: NEWCOMERS }, () => askOnce(app.url)))));
      await blocker.release();
      const code = await Promise.race([app.ended, pause(END_TIMEOUT_MS, 'no end', { ref: false })]);
      exitsMs.push(performance.now() - termMs);
      await load.end();
      await until(() => streams.every(({ end }) => end !== undefined), END_TIMEOUT_MS);

      const { attempts } = load.recorder;
      const inFlight = attempts.filter(
        ({ sentMs, answeredMs }) => sentMs < termMs && (answeredMs ?? Infinity) > termMs,
      );
      const success = inFlight.filter(({ status }) => status !== null && status < 300);
      finished.push(success.length);
      const unanswered = inFlight.filter(({ status }) => status === null || status >= 500);
      findings.expect(success.length > 0, 'nothing was in flight');
      findings.expect(unanswered.length === 0, `of ${inFlight.length} requests in flight: ${told(unanswered)}`);
      afterSignal.push(...attempts.filter(({ sentMs }) => sentMs > termMs));
      const late = attempts.filter(
        ({ sentMs, status }) => sentMs > termMs + SIGNAL_MS && status !== null && status !== 503,
      );
      findings.expect(late.length === 0, `requests after the signal got ${told(late)}`);
      const ends = streams.map(({ end }) => end);
      findings.expect(
        ends.every((end) => end === 'ended'),
        `streams ${ends.join(', ')}`,
      );
      findings.expect(code === 0, `exit: ${code}`);
      await load.judge(findings);
    }
    findings.note('times', cycles);
    findings.note('commands and reads in flight that were answered with success', finished.join(', '));
    findings.note('newcomers', told(newcomers));
    findings.note('people after the signal', told(afterSignal));
    findings.took('exit after', exitsMs, GRACE_SECONDS * 1_000);
    const unfit = newcomers.filter((reply) => !['503 BUSY', 'ECONNREFUSED', 'ECONNRESET'].includes(outcomeOf(reply)));
    findings.expect(unfit.length === 0, `newcomers got ${told(unfit)}`);
  },
};

type Outcome = Parameters<typeof outcomeOf>[0];

const told = (outcomes: readonly Outcome[]): string => JSON.stringify(tally(outcomes, outcomeOf));

function askOnce(url: string): Promise<Reply> {
  const client = new HttpClient(url);
  return client.request('GET', '/api/shows/').finally(() => client.close());
}

/** An event stream, and how it ended. */
async function openStream(url: string): Promise<{ end: 'ended' | 'broken' | undefined }> {
  const stream: { end: 'ended' | 'broken' | undefined } = { end: undefined };
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { agent: false }, resolve).on('error', reject),
  );
  response.on('end', () => (stream.end = 'ended'));
  response.on('error', () => (stream.end = 'broken'));
  response.resume();
  return stream;
}
