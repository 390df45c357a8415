import { parseArguments, runCommand, wholeNumber, withDatabase } from './command';
import { RULES, VerificationReport, verifyLedger, VerifyOptions, Violation } from '../ledger/ledger-verifier';
import { count } from './progress-bar';

const EXIT_AGREES = 0;
const EXIT_VIOLATED = 1;

const HELP = `Replays the whole ledger and reports every seat whose chain, state or booking does not agree. Changes nothing, and
its answer is true also while seats are being sold.

  npm run verify

  --list N         violations to list, 100 by default; all are counted
  --hold-limit N   checks as well that nobody holds more than N seats of a show now
  --seat-limit N   checks as well that nobody has more than N seats of a show, held and booked
  --restored       the data came from a dump: rows no longer tell which transaction wrote them, don't check that
  --json           prints the report as JSON
  --help           prints this

The database is that of DATABASE_URL, or the embedded one.
Exit code: 0 if everything agrees, 1 if anything doesn't, 2 if that could not be found out.

The rules:
${Object.entries(RULES)
  .map(([rule, text]) => `  ${rule.padEnd(17)} ${text}`)
  .join('\n')}`;

function place({ showId, row, number, version, bookingId }: Violation): string {
  return [
    `show ${showId}`,
    ...(row === null ? [] : [`seat ${row}${number}`]),
    ...(version === null ? [] : [`version ${version}`]),
    ...(bookingId === null ? [] : [`booking ${bookingId}`]),
  ].join(', ');
}

function asText({ listed, violations, ...report }: VerificationReport): string {
  return [
    ...listed.map((violation) => `${violation.rule}: ${place(violation)}: ${violation.detail}`),
    ...(violations > listed.length ? [`… and ${count(violations - listed.length)} more`] : []),
    `${count(report.shows)} shows, ${count(report.seats)} seats, ${count(report.transitions)} transitions, ` +
      `${count(report.bookings)} bookings, ${count(violations)} violations, ${report.seconds.toFixed(1)} s`,
  ].join('\n');
}

function asJson({ listed, seconds, ...counts }: VerificationReport): string {
  return JSON.stringify({
    ...counts,
    seconds: Number(seconds.toFixed(3)),
    listed: listed.map(({ showId, bookingId, ...rest }) => ({ ...rest, show_id: showId, booking_id: bookingId })),
  });
}

function limit(name: 'holdLimit' | 'seatLimit', option: string, given: string | undefined): VerifyOptions {
  return given === undefined ? {} : { [name]: wholeNumber(option, given, 1, 1_000_000) };
}

void runCommand(async () => {
  const given = parseArguments(HELP, {
    list: { type: 'string' },
    'hold-limit': { type: 'string' },
    'seat-limit': { type: 'string' },
    restored: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  if (!given) return EXIT_AGREES;
  const options = {
    listMax: wholeNumber('list', given.list ?? '100', 0, 1_000_000),
    ...limit('holdLimit', 'hold-limit', given['hold-limit']),
    ...limit('seatLimit', 'seat-limit', given['seat-limit']),
    isRestored: given.restored ?? false,
  };
  // Someone else's database is read, not migrated, by a command that is there to look.
  return withDatabase({ migrateOthers: false }, async (dataSource) => {
    const report = await verifyLedger(dataSource, options);
    console.log(given.json ? asJson(report) : asText(report));
    return report.violations > 0 ? EXIT_VIOLATED : EXIT_AGREES;
  });
});
