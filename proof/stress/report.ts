import type { RecordableHistogram } from 'node:perf_hooks';
import type { Judgement } from '../checkers/judge';
import type { Recorder } from '../kit/recorder';

/** What a run comes to, for people and for programs. */

export const PERCENTILES = [50, 90, 99, 99.9, 100] as const;

export interface Report {
  readonly title: string;
  readonly seconds: number;
  readonly answers_per_second: number;
  readonly answers_by_second: readonly number[];
  /** Milliseconds at each percentile, over all and by command. */
  readonly latency_ms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly checks: Checks;
  readonly violations: Judgement['violations'];
}

type Checks = Readonly<Record<string, string>>;

export function reportOf(title: string, recorder: Recorder | undefined, seconds: number, judgement: Judgement): Report {
  const answers = recorder?.latency.count ?? 0;
  return {
    title,
    seconds: round(seconds),
    answers_per_second: seconds > 0 ? Math.round(Number(answers) / seconds) : 0,
    answers_by_second: recorder?.perSecond ?? [],
    latency_ms: recorder
      ? Object.fromEntries([
          ['all', percentiles(recorder.latency)],
          ...[...recorder.latencies].map(([name, own]) => [name, percentiles(own)]),
        ])
      : {},
    outcomes: Object.fromEntries(Object.entries(recorder?.counts ?? {}).sort(([a], [b]) => a.localeCompare(b))),
    checks: checksOf(judgement),
    violations: judgement.violations,
  };
}

function percentiles(histogram: RecordableHistogram): Record<string, number> {
  return Object.fromEntries(
    PERCENTILES.map((percentile) => [`p${percentile}`, round(histogram.percentile(percentile) / 1_000)]),
  );
}

const round = (value: number) => Number(value.toFixed(2));
const n = (value: number) => value.toLocaleString('en-US');

function checksOf({ attempts, operations, unknown, answers, blackBox, ledger }: Judgement): Checks {
  const took = (seconds: number) => `in ${seconds.toFixed(1)} s`;
  return {
    history: `${n(attempts)} requests, ${n(operations)} operations, ${n(unknown)} of them with an unknown outcome`,
    answers: `${n(answers.checked)} requests checked ${took(answers.seconds)}`,
    'black box':
      `${n(blackBox.operations)} operations of ${n(blackBox.shows)} shows checked ${took(blackBox.seconds)}: ` +
      `${n(blackBox.events)} events with the lapses, at most ${n(blackBox.eventsMax)} in one show, ${n(blackBox.steps)} steps of search`,
    ledger: ledger
      ? `${n(ledger.operations)} operations checked against ${n(ledger.steps)} steps ${took(ledger.checkSeconds)}`
      : 'not checked: DATABASE_URL is not set',
    replay: ledger
      ? `all ${n(ledger.transitions)} steps of ${n(ledger.seats)} seats and ${n(ledger.bookings)} bookings replayed ${took(ledger.seconds)}`
      : 'not done: DATABASE_URL is not set',
  };
}

const LISTED_MAX = 20;

export function asText(report: Report): string {
  const { violations } = report;
  const latencies = Object.entries(report.latency_ms).map(
    ([name, at]) =>
      `  ${name.padEnd(8)} ${Object.entries(at)
        .map(([percentile, ms]) => `${percentile} ${ms}`)
        .join('  ')}`,
  );
  return [
    report.title,
    `${n(report.answers_per_second)} answers/s over ${report.seconds} s`,
    ...(latencies.length > 0 ? ['latency in ms', ...latencies] : []),
    ...Object.entries(report.outcomes).map(([outcome, count]) => `  ${n(count).padStart(9)}  ${outcome}`),
    ...Object.entries(report.checks).map(([name, text]) => `${name}: ${text}`),
    ...violations
      .slice(0, LISTED_MAX)
      .map(({ check, rule, showId, detail }) => `VIOLATION ${check} ${rule}, show ${showId ?? '–'}: ${detail}`),
    ...(violations.length > LISTED_MAX ? [`… and ${n(violations.length - LISTED_MAX)} more`] : []),
    violations.length === 0 ? 'No violation.' : `${n(violations.length)} violations.`,
  ].join('\n');
}
