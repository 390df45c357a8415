import type { Attempt } from '../checkers/history';
import type { Judgement } from '../checkers/judge';
import { percentiles } from '../kit/figures';
import { tookMs } from '../kit/http-client';
import { outcomesOf } from '../people/recorder';

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

export function reportOf(title: string, attempts: readonly Attempt[], judgement: Judgement): Report {
  const startMs = attempts.reduce((first, { sentMs }) => Math.min(first, sentMs), Infinity);
  const bySecond: number[] = [];
  const tookMsOf: Record<string, number[]> = { all: [] };
  for (const one of attempts) {
    if (one.answeredMs === null) continue;
    tookMsOf.all!.push(tookMs(one));
    (tookMsOf[one.command] ??= []).push(tookMs(one));
    const second = Math.floor((one.answeredMs - startMs) / 1_000);
    while (bySecond.length <= second) bySecond.push(0);
    bySecond[second]!++;
  }
  const seconds = Math.max(0, ...attempts.slice(-1).map(({ sentMs }) => (sentMs - startMs) / 1_000));
  return {
    title,
    seconds: round(seconds),
    answers_per_second: seconds > 0 ? Math.round(tookMsOf.all!.length / seconds) : 0,
    answers_by_second: bySecond,
    latency_ms: Object.fromEntries(
      Object.entries(tookMsOf).flatMap(([name, took]) => (took.length > 0 ? [[name, percentilesOf(took)]] : [])),
    ),
    outcomes: Object.fromEntries(Object.entries(outcomesOf(attempts)).sort(([a], [b]) => a.localeCompare(b))),
    checks: checksOf(judgement),
    violations: judgement.violations,
  };
}

function percentilesOf(values: readonly number[]): Record<string, number> {
  const parts = PERCENTILES.map((percentile) => percentile / 100);
  const found = percentiles(values, parts);
  return Object.fromEntries(PERCENTILES.map((percentile, index) => [`p${percentile}`, round(found[index]!)]));
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
