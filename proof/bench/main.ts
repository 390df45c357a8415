import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Logger } from '@nestjs/common';
import { parseArguments, runCommand, UsageError, wholeNumber } from '../../src/cli/command';
import { withSection } from '../../src/cli/document';
import type { Measure } from './bench';
import { openDatabaseServer } from './house';
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
  --clients N      who ask at the same time, where a measure does not say; 64 by default
  --seconds N      length of a turn; 4 by default
  --rounds N       turns of each variant, after two to warm up; 5 by default
  --json FILE      writes the results as JSON
  --markdown FILE  writes them as a table
  --document       puts that table into docs/performance.md
  --help           prints this

Makes databases of its own on the server of DATABASE_URL, or on an embedded PostgreSQL, and drops them in the end.
pgbench comes with PostgreSQL (Debian: postgresql-contrib); PGBENCH names it where it is not on the path.`;

void runCommand(async () => {
  const given = parseArguments(HELP, {
    only: { type: 'string' },
    clients: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    document: { type: 'boolean' },
  });
  if (!given) return 0;
  const names = given.only?.split(',') ?? Object.keys(MEASURES);
  const unknown = names.find((name) => !(name in MEASURES));
  if (unknown !== undefined) throw new UsageError(`--only: there is no "${unknown}".`);
  const number = (name: 'clients' | 'seconds' | 'rounds', fallback: number, max: number) =>
    given[name] === undefined ? fallback : wholeNumber(name, given[name], 1, max);
  const clients = number('clients', 64, 1_000);
  const seconds = number('seconds', 4, 600);
  const rounds = number('rounds', 5, 100);

  // The pool's warnings, when databases are dropped.
  Logger.overrideLogger(['error', 'fatal']);
  const databases = await openDatabaseServer(log);
  const machine =
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}, server, PostgreSQL and load generator together; ` +
    `${databases.version.split(' on ')[0]}, fsync ${databases.fsync}; ${rounds} rounds of ${seconds} s.`;
  log(machine);
  const rows: Row[] = [];
  try {
    for (const name of names) {
      log(name);
      for (const row of await MEASURES[name]!({ databases, clients, seconds, rounds, log })) {
        rows.push(row);
        console.log(asText(row));
      }
    }
  } finally {
    await databases.stop();
  }
  const report = { machine, rows };
  if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
  if (given.markdown !== undefined) writeFileSync(given.markdown, `${asMarkdown(report)}\n`);
  if (given.document) writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'measured', asMarkdown(report)));
  return 0;
});

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
