import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { query } from '../kit/database-server';
import { percentile, spread } from '../kit/figures';
import { runLoad } from '../kit/raw-load';
import { until } from '../kit/until';
import type { HalfSenders } from './half-senders';
import type { Scenario } from './scenario';
import { sessionsOf } from './stage';
import { Turnstile } from './turnstile';

const ROUNDS = 5;
const SECONDS = 3;
const SLOW_CLIENTS = 2_000;
const CLIENTS = 32;
/** Few enough to measure the answers, and not how much the machine can do. */
const ARRIVALS_PER_SECOND = 320;
const RATIO_MAX = 2;
/** The server's own: for a request to arrive, and until it looks. */
const REQUEST_TIMEOUT_MS = 10_000;
const CHECK_INTERVAL_MS = 1_000;
const MARGIN_MS = 4_000;
/** Nothing is measured while slow clients come and go. */
const SETTLE_SECONDS = 1;
const CONNECT_TIMEOUT_MS = 20_000;

/** Thousands of clients that send half a request, and then nothing. */
export const slowClients: Scenario = {
  name: 'slow-clients',
  good: `${SLOW_CLIENTS} half-sent requests hold no database connection, at most double the p99 of others, and are ended by the server`,
  async run(stage, { cycles: rounds = ROUNDS, seconds = SECONDS }, findings) {
    const house = await stage.house([{ shows: 10, rows: 1, seatsPerRow: 40 }]);
    const app = await stage.app(house.url, { HOLD_TTL_SECONDS: '600' });
    const turnstile = await Turnstile.make(stage.client(app.url), house, CLIENTS);
    let successes = 0;
    const measure = async (duringSeconds: number) => {
      const { latenciesMs, counts } = await runLoad({
        port: app.port,
        clients: CLIENTS,
        seconds: duringSeconds,
        arrivalsPerSecond: ARRIVALS_PER_SECOND,
        request: turnstile.request,
        onAnswer: (client, answer) => turnstile.turn(client, answer),
      });
      successes += counts['200'] ?? 0;
      findings.expect(latenciesMs.length === counts['200'], `others got ${JSON.stringify(counts)}`);
      return percentile(latenciesMs, 0.99);
    };
    const pairs: { without: number; beside: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      await measure(SETTLE_SECONDS);
      const without = await measure(seconds);
      const slow = new SlowClients(app.port);
      stage.defer(() => slow.hangUp());
      await until(() => slow.open === SLOW_CLIENTS, CONNECT_TIMEOUT_MS);
      await measure(SETTLE_SECONDS);
      pairs.push({ without, beside: await measure(seconds) });
      if (round === 0) {
        // All is quiet but for the half-sent requests.
        const { busy } = await sessionsOf(house.url);
        findings.note('database sessions at work beside nothing but half-sent requests', busy);
        const { open } = slow;
        findings.expect(
          busy === 0 && open === SLOW_CLIENTS,
          `${busy} database sessions are at work beside ${open} half-sent requests`,
        );
        const startedMs = slow.startedMs;
        await until(() => slow.open === 0, REQUEST_TIMEOUT_MS + CHECK_INTERVAL_MS + MARGIN_MS);
        findings.note('half-sent requests ended by the server after (ms)', Math.round(performance.now() - startedMs));
        findings.note('and told', JSON.stringify(slow.answers));
      }
      await slow.hangUp();
    }
    const ratios = pairs.map(({ without, beside }) => beside / without);
    findings.note('half-sent requests', SLOW_CLIENTS);
    const told = pairs.map(({ without, beside }) => `${without.toFixed(1)} → ${beside.toFixed(1)}`);
    findings.note('p99 of others without and beside them (ms)', told.join(', '));
    findings.note('ratio, median of rounds', spread(ratios).median.toFixed(2));
    findings.note('ratios', ratios.map((ratio) => ratio.toFixed(2)).join(', '));
    findings.expect(spread(ratios).median <= RATIO_MAX, `p99 rose to ${spread(ratios).median.toFixed(2)} times`);
    const steps = await turnstile.stepsMade();
    findings.expect(steps === successes, `${successes} successes, ${steps} steps in the ledger`);
    const [left] = await query<{ held: number }>(
      house.url,
      `SELECT count(*)::int AS held FROM seat WHERE status = 'HELD'`,
    );
    findings.expect(left!.held <= CLIENTS, `${left!.held} seats are held by ${CLIENTS} clients`);
  },
};

/** In a process of their own, so that they do not slow down the measuring of the others. */
class SlowClients {
  readonly startedMs = performance.now();
  open = 0;
  /** Statuses of what the server said before it hung up. */
  answers: Readonly<Record<string, number>> = {};
  private readonly child: ChildProcess;

  constructor(port: number) {
    this.child = fork(require.resolve('./half-senders'), [String(port), String(SLOW_CLIENTS)]);
    this.child.on('message', ({ open, answers }: HalfSenders) => {
      this.open = open;
      this.answers = answers;
    });
  }

  async hangUp(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
