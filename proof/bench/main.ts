import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Logger } from '@nestjs/common';
import { UsageError } from '../../src/cli/command';
import { withSection } from '../../src/cli/document';
import { databaseUrl, query } from '../kit/database-server';
import { FLAG, number, readOptions, TEXT } from '../kit/options';
import { runProgram } from '../kit/program';
import { Stage } from '../kit/stage';
import { Bench, Measure } from './bench';
import { holds } from './measures/holds';
import { instances } from './measures/instances';
import { latency } from './measures/latency';
import { memory } from './measures/memory';
import { roundTrips } from './measures/round-trips';
import { scale } from './measures/scale';
import { seatMaps } from './measures/seat-maps';
import { sellOut } from './measures/sell-out';
import { watchers } from './measures/watchers';
import { asMarkdown, asText, Row } from './report';

const MEASURES: Readonly<Record<string, Measure>> = {
  holds,
  'round-trips': roundTrips,
  latency,
  'seat-maps': seatMaps,
  'sell-out': sellOut,
  instances,
  watchers,
  scale,
  memory,
};

/** The page of the documentation that has the results. */
const PAGE = 'docs/performance.md';

const HELP = `Measures what the server can do, beside what it is compared with, in turns on the same machine in the same minutes: the
ratios count, not the figures. After every turn the answers are compared with the seats, and the ledger is replayed; a
measure with a wrong answer has no result. Takes about 25 minutes, and 4 GB of disk.

  npm run bench
  npm run bench -- --only holds,latency

  --only NAMES     of ${Object.keys(MEASURES).join(', ')}
  --clients N      how many ask at the same time, where a measure does not say; 64 by default
  --seconds N      length of a turn; 4 by default
  --rounds N       turns of each variant, after two to warm up; 5 by default
  --json FILE      writes the results as JSON
  --markdown FILE  writes them as a table
  --document       puts that table into docs/performance.md
  --help           prints this

Makes databases of its own on the server of DATABASE_URL, or on an embedded PostgreSQL, and drops them in the end.
pgbench comes with PostgreSQL (Debian: postgresql-contrib); PGBENCH names it where it is not on the path.`;

runProgram(async (stage) => {
  const options = readOptions(HELP, {
    only: TEXT,
    clients: number(1, 1_000, 64),
    seconds: number(1, 600, 4),
    rounds: number(1, 100, 5),
    json: TEXT,
    markdown: TEXT,
    document: FLAG,
  });
  if (!options) return 0;
  const names = options.only?.split(',') ?? Object.keys(MEASURES);
  const unknown = names.find((name) => !(name in MEASURES));
  if (unknown !== undefined) throw new UsageError(`--only: there is no "${unknown}".`);

  // The pool's warnings, when databases are dropped.
  Logger.overrideLogger(['error', 'fatal']);
  const url = await databaseUrl(stage, log);
  const [server] = await query<{ version: string; fsync: string }>(
    url,
    "SELECT version(), current_setting('fsync') AS fsync",
  );
  const machine =
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}, server, PostgreSQL and load generator together; ` +
    `${server!.version.split(' on ')[0]}, fsync ${server!.fsync}; ${options.rounds} rounds of ${options.seconds} s.`;
  log(machine);
  const rows: Row[] = [];
  for (const name of names) {
    log(name);
    const own = new Stage();
    stage.defer(() => own.close());
    for (const row of await MEASURES[name]!(new Bench(own, url, options, log))) {
      rows.push(row);
      console.log(asText(row));
    }
    await own.close();
  }
  const report = { machine, rows };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, `${asMarkdown(report)}\n`);
  if (options.document) writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'measured', asMarkdown(report)));
  return 0;
});

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
