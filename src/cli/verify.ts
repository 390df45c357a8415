import { readFileSync, writeFileSync } from 'node:fs';
import { readHeadsFile, writeHeads } from '../ledger/heads-file';
import type { LedgerHead } from '../ledger/ledger-head';
import { RULES, VerificationReport, verifyLedger, VerifyOptions, Violation } from '../ledger/ledger-verifier';
import { ledgerSecrets } from '../platform/config/app-config';
import { Seals } from '../platform/seals';
import { parseArguments, runCommand, UsageError, wholeNumber, withDatabase } from './command';
import { findKeptSecret } from './kept-secrets';
import { count } from './progress-bar';

const EXIT_AGREES = 0;
const EXIT_VIOLATED = 1;

const HELP = `Replays the whole ledger and reports every seat, booking, stored answer and signed head that does not agree. Changes
nothing, and its answer is true also while seats are being sold.

  npm run verify
  npm run verify -- --export-heads heads.json     later: npm run verify -- --head heads.json

  --list N              violations to list, 100 by default; all are counted
  --hold-limit N        checks as well that nobody holds more than N seats of a show now
  --seat-limit N        checks as well that nobody has more than N seats of a show, held and booked
  --hold-ttl SECONDS    checks as well that no hold was longer than this; otherwise than a day
  --restored            the data came from a dump: rows no longer tell which transaction wrote them, don't check that
  --rescheduled         shows were moved after seats had been sold: don't check that sales lie within the sales windows
  --head FILE           checks as well that everything which the exported heads speak of is still there
  --export-heads FILE   writes the heads of all shows to a new file, if everything agrees. Keep it where nobody who can
                        change the database can change it
  --json                prints the report as JSON
  --help                prints this

The database is that of DATABASE_URL, or the embedded one. Seals are checked with LEDGER_SECRET, LEDGER_PREVIOUS_SECRETS,
AUTH_JWT_SECRET and AUTH_JWT_PREVIOUS_SECRETS, as the server has them; the report says if they were not.
Exit code: 0 if everything agrees, 1 if anything doesn't, 2 if that could not be found out.

The rules:
${Object.entries(RULES)
  .map(([rule, text]) => `  ${rule.padEnd(17)} ${text}`)
  .join('\n')}`;

function place({ showId, row, number, version, bookingId }: Violation): string {
  const named = [
    ...(showId === null ? [] : [`show ${showId}`]),
    ...(row === null ? [] : [`seat ${row}${number}`]),
    ...(version === null ? [] : [`version ${version}`]),
    ...(bookingId === null ? [] : [`booking ${bookingId}`]),
  ];
  return named.join(', ') || 'the database';
}

const NO_SECRET =
  'The seals were not checked: neither LEDGER_SECRET nor AUTH_JWT_SECRET is set. Forged rows are not told.';

function asText({ listed, violations, areSealsChecked, ...report }: VerificationReport): string {
  return [
    ...listed.map((violation) => `${violation.rule}: ${place(violation)}: ${violation.detail}`),
    ...(violations > listed.length ? [`… and ${count(violations - listed.length)} more`] : []),
    ...(areSealsChecked ? [] : [NO_SECRET]),
    `${count(report.shows)} shows, ${count(report.seats)} seats, ${count(report.transitions)} transitions, ` +
      (report.unsealed > 0 ? `${count(report.unsealed)} of them without a seal, ` : '') +
      `${count(report.bookings)} bookings, ${count(violations)} violations, ${report.seconds.toFixed(1)} s`,
  ].join('\n');
}

function asJson({ listed, seconds, areSealsChecked, ...counts }: VerificationReport): string {
  return JSON.stringify({
    ...counts,
    seals_checked: areSealsChecked,
    seconds: Number(seconds.toFixed(3)),
    listed: listed.map(({ showId, bookingId, ...rest }) => ({ ...rest, show_id: showId, booking_id: bookingId })),
  });
}

/** @throws UsageError for a file that is none of exported heads, or that somebody has changed */
function exportedHeads(file: string, seals: Seals | undefined): ReadonlyMap<number, LedgerHead> {
  try {
    const { heads, verdict } = readHeadsFile(readFileSync(file, 'utf8'), seals);
    if (verdict === 'wrong') throw new Error('it is not as it was exported');
    if (verdict === 'unknown key') throw new Error('it was exported with a secret that is not known here');
    return heads;
  } catch (error) {
    throw new UsageError(`--head ${file}: ${(error as Error).message}`);
  }
}

void runCommand(async () => {
  const given = parseArguments(HELP, {
    list: { type: 'string' },
    'hold-limit': { type: 'string' },
    'seat-limit': { type: 'string' },
    'hold-ttl': { type: 'string' },
    restored: { type: 'boolean' },
    rescheduled: { type: 'boolean' },
    head: { type: 'string' },
    'export-heads': { type: 'string' },
    json: { type: 'boolean' },
  });
  if (!given) return EXIT_AGREES;
  const { 'hold-limit': holdLimit, 'seat-limit': seatLimit, 'hold-ttl': holdTtl, 'export-heads': exportFile } = given;
  const options = {
    listMax: wholeNumber('list', given.list ?? '100', 0, 1_000_000),
    ...(holdLimit === undefined ? {} : { holdLimit: wholeNumber('hold-limit', holdLimit, 1, 1_000_000) }),
    ...(seatLimit === undefined ? {} : { seatLimit: wholeNumber('seat-limit', seatLimit, 1, 1_000_000) }),
    ...(holdTtl === undefined ? {} : { holdTtlMs: 1_000 * wholeNumber('hold-ttl', holdTtl, 1, 86_400) }),
    isRestored: given.restored ?? false,
    checksSales: !given.rescheduled,
    checksSchema: true,
  };
  // Someone else's database is read, not migrated, by a command that is there to look.
  return withDatabase({ migrateOthers: false }, async (dataSource, _, { ledger, database }) => {
    const { AUTH_JWT_SECRET: jwtSecret, AUTH_JWT_PREVIOUS_SECRETS: former } = process.env;
    const kept = database.embedded ? await findKeptSecret('ledger-secret') : undefined;
    const secrets = ledgerSecrets({
      ledger: { ...ledger, secret: ledger.secret ?? kept },
      auth: { jwtSecret: jwtSecret || undefined, jwtPreviousSecrets: former?.split(',').map((one) => one.trim()) },
    });
    const seals = secrets && new Seals(secrets);
    if (exportFile !== undefined && !seals) throw new UsageError('--export-heads needs LEDGER_SECRET.');
    const heads = given.head === undefined ? undefined : exportedHeads(given.head, seals);

    const made: LedgerHead[] = [];
    const takeHead = exportFile === undefined ? undefined : (head: LedgerHead) => void made.push(head);
    const report = await verifyLedger(dataSource, { ...options, seals, heads }, takeHead);
    console.log(given.json ? asJson(report) : asText(report));
    if (report.violations > 0) return EXIT_VIOLATED;
    // A file that is there is an older head, which still proves something.
    if (exportFile !== undefined && seals)
      writeFileSync(exportFile, writeHeads(made, Date.now(), seals), { flag: 'wx' });
    return EXIT_AGREES;
  });
});
