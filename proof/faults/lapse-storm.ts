import { COMMANDS } from '../checkers/commands';
import { query } from '../kit/database-server';
import { percentile, spread } from '../kit/figures';
import { post, runLoad } from '../kit/raw-load';
import { guests } from '../people/target';
import type { Scenario } from './scenario';
import { Turnstile } from './turnstile';

const ROUNDS = 3;
const SECONDS = 10;
const OTHERS_MIN = 0.9;
/** Of the control: with less, nothing that can fail a transaction was asked for. */
const WON_MIN = 0.5;

/** The other shows, of the same lane. */
const SHOWS = 24;
const CLIENTS = 24;
const ASKS_PER_SECOND = 60;
const ASKERS = 64;
/** So many that nobody comes to the limits of a holder. */
const GUESTS = 400;

/** Storm and control take turns so quickly that whatever else the machine does is shared by both. */
const TURN_MS = 500;
/** What began in the turn before may still be under way. */
const UNCOUNTED_MS = 100;

/**
 * Which holds are asked for, by their distance from the deadline. In the storm half have lapsed, so that the house changes,
 * and half are about to. The control asks for as many, all lapsed long ago: these, too, get what they ask for. Each distance
 * has seats of its own.
 */
const STORM_MS = [-30, 25];
const CONTROL_MS = -1_000;
const PLACES = STORM_MS.length + 1;
/** More than there are asks, so that hardly ever two ask for one seat. */
const DEADLINES_PER_SECOND = 2 * ASKS_PER_SECOND;
/** How far around the measured seconds there are deadlines. */
const AROUND_SECONDS = 2;
const SEATS_PER_ROW = 100;

/** A sold-out house lapses hold by hold while people ask for its seats. */
export const lapseStorm: Scenario = {
  name: 'lapse-storm',
  good:
    `while people ask for holds that lapse in the same moment, other shows of the lane are served at ${OTHERS_MIN} of what ` +
    'they are beside as many who ask for holds lapsed long ago, and nobody is told BUSY',
  async run(stage, { cycles: rounds = ROUNDS, seconds = SECONDS }, findings) {
    // A round uses its seats up, as their ledger goes on.
    const seatsEach = PLACES * DEADLINES_PER_SECOND * (seconds + 2 * AROUND_SECONDS);
    const house = await stage.house([
      { shows: SHOWS, rows: 1, seatsPerRow: 10 },
      { shows: rounds, rows: Math.ceil(seatsEach / SEATS_PER_ROW), seatsPerRow: SEATS_PER_ROW },
    ]);
    const [others, stormShows] = house.showIds as [number[], number[]];
    const app = await stage.app(house.url, { COMBINE_LANES: '1', HOLD_TTL_SECONDS: '600', SWEEP_ENABLED: 'false' });
    const target = stage.client(app.url);
    const turnstile = await Turnstile.make(target, { ...house, showIds: [others] }, CLIENTS);
    const tokens = (await guests(target, GUESTS)).map(({ token }) => token);

    const ratios: number[] = [];
    const askedMs: number[] = [];
    for (const showId of stormShows) {
      const seats = await query<{ row: string; number: number }>(
        house.url,
        'SELECT "row", number FROM seat WHERE show_id = $1 ORDER BY "row", number',
        [showId],
      );
      const firstDeadlineMs = await holdSeats(house.url, showId, seats);
      const beganMs = performance.now();
      const turn = () => {
        const intoMs = performance.now() - beganMs;
        const name = Math.floor(intoMs / TURN_MS) % 2 === 0 ? ('control' as const) : ('storm' as const);
        return { name, isCounted: intoMs % TURN_MS > UNCOUNTED_MS };
      };
      const served = { storm: 0, control: 0 };
      const won = { storm: 0, control: 0 };
      const asked = Array.from({ length: ASKERS }, turn);
      let asks = 0;
      const [load, asking] = await Promise.all([
        runLoad({
          port: app.port,
          clients: CLIENTS,
          seconds,
          request: turnstile.request,
          onAnswer: (client, answer) => {
            turnstile.turn(client, answer);
            const { name, isCounted } = turn();
            if (isCounted && answer === '200') served[name]++;
          },
        }),
        runLoad({
          port: app.port,
          clients: ASKERS,
          seconds,
          arrivalsPerSecond: ASKS_PER_SECOND,
          request: (asker) => {
            asked[asker] = turn();
            const place = asked[asker].name === 'storm' ? asks % STORM_MS.length : STORM_MS.length;
            const secondsAway = (Date.now() + (STORM_MS[place] ?? CONTROL_MS) - firstDeadlineMs) / 1_000;
            const seat = seats[Math.floor(secondsAway * DEADLINES_PER_SECOND) * PLACES + place]!;
            return post(COMMANDS.hold.path, tokens[asks++ % GUESTS]!, { show_id: showId, seats: [seat] });
          },
          onAnswer: (asker, answer, tookMs) => {
            if (asked[asker]!.name === 'storm') askedMs.push(tookMs);
            if (answer === '200') won[asked[asker]!.name]++;
          },
        }),
      ]);
      const unfit = Object.keys({ ...load.counts, ...asking.counts }).filter(
        (answer) => !['200', '409 SEAT_UNAVAILABLE'].includes(answer),
      );
      findings.expect(unfit.length === 0, `answers: ${JSON.stringify([load.counts, asking.counts])}`);
      findings.expect(
        won.storm >= WON_MIN * won.control,
        `seats that askers got: ${won.storm} in the storm, ${won.control} in the control`,
      );
      findings.add('seats that askers got in the storm', won.storm);
      findings.add('seats that askers got in the control', won.control);
      ratios.push(served.storm / served.control);
    }
    const share = spread(ratios).median;
    const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
    findings.note('other shows in the storm (of the control)', `${share.toFixed(2)} (${each})`);
    findings.note('asks in the storm, p99 (ms)', percentile(askedMs, 0.99).toFixed(0));
    findings.expect(share >= OTHERS_MIN, `other shows had ${share.toFixed(2)} of their control`);
  },
};

/**
 * Has the seats held, those of each deadline by holders of their own, one deadline after the other.
 *
 * @returns the first deadline
 */
async function holdSeats(
  url: string,
  showId: number,
  seats: readonly { row: string; number: number }[],
): Promise<number> {
  const [first] = await query<{ first_ms: number }>(
    url,
    `WITH first AS (SELECT clock_timestamp() - $4 * interval '1 second' AS deadline),
     held AS (
       UPDATE seat SET status = 'HELD', version = 1, holder_id = 'guest:' || asked."row" || asked.number, hold_slot = 1,
              hold_price = price, held_at = deadline - interval '8 seconds',
              hold_expires_at = deadline + (asked.place - 1) / $5::int * interval '1 second' / $6::int
         FROM first, unnest($2::text[], $3::int[]) WITH ORDINALITY AS asked("row", number, place)
        WHERE seat.show_id = $1 AND seat."row" = asked."row" AND seat.number = asked.number
       RETURNING seat.*),
     written AS (
       INSERT INTO seat_transition (show_id, "row", number, version, command, from_status, to_status, holder_id, actor_id,
                                    hold_expires_at, price, at)
       SELECT show_id, "row", number, 1, 'hold', 'AVAILABLE', 'HELD', holder_id, holder_id, hold_expires_at, hold_price, held_at
         FROM held)
     SELECT extract(epoch FROM deadline)::float8 * 1000 AS first_ms FROM first`,
    [
      showId,
      seats.map(({ row }) => row),
      seats.map(({ number }) => number),
      AROUND_SECONDS,
      PLACES,
      DEADLINES_PER_SECOND,
    ],
  );
  return first!.first_ms;
}
