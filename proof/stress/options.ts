import { UsageError } from '../../src/cli/command';
import { FLAG, number, numbers, readOptions, TEXT } from '../kit/options';
import { Scenario, SCENARIOS } from './scenarios';

export const HELP = `Sends people after seats, records all they see, and checks it: against the rules alone, by searching an order in which
everything told is true, and against the ledger where the database is at hand.

  npm run stress
  npm run stress -- --scenario one-seat --users 500
  npm run stress -- --operations 1000000 --html report.html
  npm run stress -- --url https://booking.example --show 12 --show 13

  --url URL              the server to test; without it one is started here, on DATABASE_URL or an embedded PostgreSQL
  --show ID              a show that may be used up, and that nobody else uses; may be repeated; all on sale by default
  --scenario NAME        mixed (default), one-seat (everybody wants the same), sell-out (until nothing is left)
  --people N, --users N  how many; 64 by default
  --seconds N            ends after this time; 30 by default
  --operations N         ends after so many requests
  --seed N               makes the same people; 1 by default
  --hold-limit N         most seats of a show one holder may hold there; 10 by default
  --seat-limit N         most seats of a show one holder may have there, held and booked; 20 by default, and no matter with sell-out
  --hold-ttl-seconds N   how long a hold lasts on the server started here; 2 by default, so that many lapse
  --history FILE         writes what was seen, one line of JSON a request
  --check FILE           sends nothing, and checks such a history again
  --html FILE            writes the report as a page with plots
  --json                 prints the report as JSON
  --help                 prints this

With --url or --check, DATABASE_URL names the server's database for the check against the ledger.
Only test servers that are yours. Exit code: 0 if all is well, 1 for any violation, 2 if it could not run.`;

export type Options = NonNullable<ReturnType<typeof readStressOptions>>;

const MANY = 100_000_000;
const SEATS_MAX = 10_000;
const DAY_SECONDS = 86_400;
const ID_MAX = 2 ** 31 - 1;

/** Undefined when the help was wanted. @throws UsageError */
export function readStressOptions() {
  const given = readOptions(HELP, {
    url: TEXT,
    show: numbers(1, ID_MAX),
    scenario: TEXT,
    people: number(1, 20_000, undefined),
    users: number(1, 20_000, undefined),
    seconds: number(1, DAY_SECONDS, undefined),
    operations: number(1, MANY, undefined),
    seed: number(0, 1_000_000, 1),
    'hold-limit': number(1, 1_000, 10),
    'seat-limit': number(1, SEATS_MAX, undefined),
    'hold-ttl-seconds': number(1, DAY_SECONDS, 2),
    history: TEXT,
    check: TEXT,
    html: TEXT,
    json: FLAG,
  });
  if (!given) return undefined;
  const { operations, scenario = 'mixed' } = given;
  if (!SCENARIOS.includes(scenario as Scenario))
    throw new UsageError(`--scenario must be one of ${SCENARIOS.join(', ')}.`);
  if (given.url !== undefined && !/^https?:$/.test(URL.parse(given.url)?.protocol ?? ''))
    throw new UsageError('--url must be an http(s) URL.');
  return {
    ...given,
    scenario: scenario as Scenario,
    // Few people are to buy whole shows.
    'seat-limit': given['seat-limit'] ?? (scenario === 'sell-out' ? SEATS_MAX : 20),
    people: given.people ?? given.users ?? 64,
    seconds: given.seconds ?? (operations === undefined ? 30 : DAY_SECONDS),
    operations: operations ?? MANY,
  };
}
