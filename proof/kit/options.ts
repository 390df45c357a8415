import { parseArguments, UsageError, wholeNumber } from '../../src/cli/command';
import { Scenario, SCENARIOS } from '../stress/scenarios';

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
  --hold-ttl-seconds N   how long a hold lasts on the server started here; 2 by default, so that many lapse
  --history FILE         writes what was seen, one line of JSON a request
  --check FILE           sends nothing, and checks such a history again
  --html FILE            writes the report as a page with plots
  --json                 prints the report as JSON
  --help                 prints this

With --url or --check, DATABASE_URL names the server's database for the check against the ledger.
Only test servers that are yours. Exit code: 0 if all is well, 1 for any violation, 2 if it could not run.`;

export interface Options {
  readonly url: string | undefined;
  readonly showIds: readonly number[];
  readonly scenario: Scenario;
  readonly people: number;
  readonly seconds: number;
  readonly operations: number;
  readonly seed: number;
  readonly holdLimit: number;
  readonly holdTtlSeconds: number;
  readonly historyFile: string | undefined;
  readonly checkFile: string | undefined;
  readonly htmlFile: string | undefined;
  readonly isJson: boolean;
}

const MANY = 100_000_000;

/** Undefined when the help was wanted. @throws UsageError */
export function readOptions(): Options | undefined {
  const given = parseArguments(HELP, {
    url: { type: 'string' },
    show: { type: 'string', multiple: true },
    scenario: { type: 'string' },
    people: { type: 'string' },
    users: { type: 'string' },
    seconds: { type: 'string' },
    operations: { type: 'string' },
    seed: { type: 'string' },
    'hold-limit': { type: 'string' },
    'hold-ttl-seconds': { type: 'string' },
    history: { type: 'string' },
    check: { type: 'string' },
    html: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (!given) return undefined;
  const number = (name: string, value: string | undefined, min: number, max: number, fallback: number) =>
    value === undefined ? fallback : wholeNumber(name, value, min, max);
  const scenario = given.scenario ?? 'mixed';
  if (!SCENARIOS.includes(scenario as Scenario))
    throw new UsageError(`--scenario must be one of ${SCENARIOS.join(', ')}.`);
  if (given.url !== undefined && !/^https?:$/.test(URL.parse(given.url)?.protocol ?? ''))
    throw new UsageError('--url must be an http(s) URL.');
  return {
    url: given.url,
    showIds: ((given.show ?? []) as string[]).map((id) => wholeNumber('show', id, 1, 2 ** 31 - 1)),
    scenario: scenario as Scenario,
    people: number('people', given.people ?? given.users, 1, 20_000, 64),
    seconds: number('seconds', given.seconds, 1, 86_400, given.operations === undefined ? 30 : 86_400),
    operations: number('operations', given.operations, 1, MANY, MANY),
    seed: number('seed', given.seed, 0, 1_000_000, 1),
    holdLimit: number('hold-limit', given['hold-limit'], 1, 1_000, 10),
    holdTtlSeconds: number('hold-ttl-seconds', given['hold-ttl-seconds'], 1, 86_400, 2),
    historyFile: given.history,
    checkFile: given.check,
    htmlFile: given.html,
    isJson: given.json ?? false,
  };
}
