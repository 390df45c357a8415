import type { Report } from './report';

/** The report as one page that needs nothing else: no script, no network. */
export function asHtml(report: Report): string {
  const { violations } = report;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(report.title)}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
  table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left } td.n { text-align: right }
  svg { width: 100%; height: auto } .good { color: #17692f } .bad { color: #a11 }
  svg text { font-size: 11px; fill: #555 } .line { fill: none; stroke: #2457a8; stroke-width: 1.5 } .axis { stroke: #bbb } .bar { fill: #2457a8 }
</style>
<h1>${escape(report.title)}</h1>
<p class="${violations.length === 0 ? 'good' : 'bad'}"><strong>${violations.length === 0 ? 'No violation' : `${violations.length} violations`}</strong>.
${report.answers_per_second} answers a second over ${report.seconds} s.</p>
<h2>Answers in each second</h2>
${plotLine(report.answers_by_second)}
<h2>Latency</h2>
${plotBars(report.latency_ms.all ?? {})}
${table(
  ['', ...Object.keys(report.latency_ms.all ?? {})],
  Object.entries(report.latency_ms).map(([name, at]) => [name, ...Object.values(at)]),
)}
<p>Milliseconds.</p>
<h2>Outcomes</h2>
${table(['outcome', 'count'], Object.entries(report.outcomes))}
<h2>Checks</h2>
${table(['', ''], Object.entries(report.checks))}
${
  violations.length === 0
    ? ''
    : `<h2>Violations</h2>${table(
        ['check', 'rule', 'show', 'what was found'],
        violations.map(({ check, rule, showId, detail }) => [check, rule, showId ?? '', detail]),
      )}`
}
</html>
`;
}

const WIDTH = 800;
const HEIGHT = 160;
const MARGIN = 50;

function plotLine(values: readonly number[]): string {
  // The last second is not a whole one.
  const whole = values.length > 1 ? values.slice(0, -1) : values;
  const top = Math.max(1, ...whole);
  const x = (index: number) => MARGIN + (index * (WIDTH - MARGIN)) / Math.max(1, whole.length - 1);
  const y = (value: number) => HEIGHT - (value / top) * (HEIGHT - 20);
  const points = whole.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 20}" role="img" aria-label="answers in each second, at most ${top}">
<line class="axis" x1="${MARGIN}" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/><polyline class="line" points="${points}"/>
<text x="0" y="${y(top) + 4}">${top}</text><text x="0" y="${HEIGHT + 4}">0</text><text x="${WIDTH - 40}" y="${HEIGHT + 16}">${whole.length} s</text></svg>`;
}

/** Bars on a logarithmic scale, as the last percentiles are of another order. */
function plotBars(values: Readonly<Record<string, number>>): string {
  const bars = Object.entries(values);
  const scale = (ms: number) => Math.log10(Math.max(ms, 0.1) / 0.1);
  const top = Math.max(1, ...bars.map(([, ms]) => scale(ms)));
  const rows = bars.map(([name, ms], index) => {
    const width = (scale(ms) / top) * (WIDTH - MARGIN - 90);
    const y = index * 24;
    return `<text x="0" y="${y + 15}">${name}</text><rect class="bar" x="${MARGIN}" y="${y + 3}" width="${width.toFixed(1)}" height="16"/><text x="${(MARGIN + width + 6).toFixed(1)}" y="${y + 15}">${ms} ms</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${bars.length * 24}" role="img" aria-label="latency by percentile, logarithmic">${rows.join('')}</svg>`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) =>
    `<td${typeof value === 'number' ? ' class="n"' : ''}>${escape(String(value))}</td>`;
  return `<table><tr>${head.map((text) => `<th>${escape(text)}</th>`).join('')}</tr>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</table>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
