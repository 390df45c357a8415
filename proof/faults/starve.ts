import { query } from '../kit/database-server';
import { percentile, spread } from '../kit/figures';
import { House, lengthenLedger } from '../kit/house';
import { get, LoadResult, runLoad } from '../kit/raw-load';
import type { Scenario } from './scenario';
import { Turnstile } from './turnstile';

const ROUNDS = 3;
const SECONDS = 3;
/** People who hold and release, few enough to measure the answers and not how much the machine can do. */
const CLIENTS = 16;
const HOLDS_PER_SECOND = 150;
const RATIO_MAX = 2;

/** Several times what once brought a server to its knees: 16 lists of shows a second, or four pages of activity. */
const READERS = 16;
const READS_PER_SECOND = 50;
const READS_ANSWERED_MIN = 0.9;

const SHOWS = 200;
const ROWS = 10;
const SEATS_PER_ROW = 20;
/** What some busy weeks of holds and lapses leave behind, all in one show. */
const STEPS = 1_000_000;

/** Anybody asks for what costs the database most, without a token. */
function starve(name: string, what: string, prepare: (house: House) => Promise<string>): Scenario {
  return {
    name,
    good: `beside ${READS_PER_SECOND} requests a second for ${what}, holds take at most ${RATIO_MAX} times as long, and all are served`,
    async run(stage, { cycles: rounds = ROUNDS, seconds = SECONDS }, findings) {
      const house = await stage.house([
        { shows: SHOWS, rows: ROWS, seatsPerRow: SEATS_PER_ROW },
        { shows: CLIENTS, rows: 1, seatsPerRow: 1 },
      ]);
      const path = await prepare(house);
      const app = await stage.app(house.url, { HOLD_TTL_SECONDS: '600', SWEEP_ENABLED: 'false' });
      const own = { ...house, showIds: house.showIds.slice(1) };
      const turnstile = await Turnstile.make(stage.client(app.url), own, CLIENTS);
      const holds = async (): Promise<LoadResult> => {
        const load = await runLoad({
          port: app.port,
          clients: CLIENTS,
          seconds,
          arrivalsPerSecond: HOLDS_PER_SECOND,
          request: turnstile.request,
          onAnswer: (client, answer) => turnstile.turn(client, answer),
        });
        findings.expect(load.counts['200'] === load.answers, `holders got ${JSON.stringify(load.counts)}`);
        return load;
      };
      const reads = () =>
        runLoad({
          port: app.port,
          clients: READERS,
          seconds,
          arrivalsPerSecond: READS_PER_SECOND,
          request: () => get(path),
        });
      const ready = async () => (await stage.client(app.url).request('GET', '/health/ready')).status;

      await holds(); // warm-up
      const told: string[] = [];
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const without = percentile((await holds()).latenciesMs, 0.5);
        const [beside, read, status] = await Promise.all([holds(), reads(), ready()]);
        findings.expect(status === 200, `readiness says ${status}`);
        const served = (read.counts['200'] ?? 0) / (READS_PER_SECOND * seconds);
        findings.expect(served >= READS_ANSWERED_MIN, `readers got ${JSON.stringify(read.counts)}`);
        const median = percentile(beside.latenciesMs, 0.5);
        told.push(
          `${without.toFixed(1)} → ${median.toFixed(1)} (reads ${percentile(read.latenciesMs, 0.5).toFixed(1)})`,
        );
        ratios.push(median / without);
      }
      findings.note('p50 of holds without and beside them (ms)', told.join(', '));
      findings.note('ratio, median of rounds', spread(ratios).median.toFixed(2));
      findings.expect(spread(ratios).median <= RATIO_MAX, `p50 rose to ${spread(ratios).median.toFixed(2)} times`);
    },
  };
}

/** The ledger of one show is very long, and somebody asks for its end again and again. */
export const starveActivity = starve('starve-activity', 'the activity of a show with a long ledger', async (house) => {
  const [showId] = house.showIds[0]!;
  const seats = ROWS * SEATS_PER_ROW;
  await lengthenLedger((sql, values) => query(house.url, sql, values), showId!, STEPS / seats);
  await query(house.url, 'VACUUM ANALYZE seat_transition');
  return `/api/shows/${showId}/activity/?limit=1`;
});

/** Somebody asks for all shows, and with them for the counts of all their seats, again and again. */
export const starveShows = starve('starve-shows', `${SHOWS} shows with their seats counted`, async () => {
  return `/api/shows/?limit=${SHOWS}`;
});
