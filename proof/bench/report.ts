import type { Spread } from '../kit/figures';

/** A measure's result. */
export interface Row {
  readonly measure: string;
  readonly comparedWith: string;
  /** A ratio, or a figure that has an aim by itself; several rounds of it, or one. */
  readonly result: Spread;
  readonly aim: Aim | undefined;
  /** Absolute figures, for people. */
  readonly figures: string;
}

export interface Aim {
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Report {
  readonly machine: string;
  readonly rows: readonly Row[];
}

export function isMet({ result: { median }, aim }: Row): boolean | undefined {
  if (!aim) return undefined;
  return (aim.atLeast === undefined || median >= aim.atLeast) && (aim.atMost === undefined || median <= aim.atMost);
}

export function asText(row: Row): string {
  const verdict = { true: 'met', false: 'MISSED' }[String(isMet(row))];
  const aim = row.aim ? `, aim ${aimText(row.aim)}: ${verdict}` : '';
  return `${row.measure} ÷ ${row.comparedWith}: ${spreadText(row.result)}${aim}; ${row.figures}`;
}

/** The section of docs/performance.md. */
export function asMarkdown({ machine, rows }: Report): string {
  return [
    machine,
    '',
    '| measure | compared with | ratio (range of the rounds) | aim | figures |',
    '|---|---|---|---|---|',
    ...rows.map((row) => {
      const aim = row.aim ? `${aimText(row.aim)}${isMet(row) ? '' : ', missed'}` : '';
      return `| ${row.measure} | ${row.comparedWith} | ${spreadText(row.result)} | ${aim} | ${row.figures} |`;
    }),
  ].join('\n');
}

function spreadText({ median, min, max }: Spread): string {
  return min === max ? `**${short(median)}**` : `**${short(median)}** (${short(min)} – ${short(max)})`;
}

function aimText({ atLeast, atMost }: Aim): string {
  return atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
}

function short(value: number): string {
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(3);
}
