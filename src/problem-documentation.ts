import { markdownTable } from './platform/config/settings-documentation';
import type { ProblemDefinition } from './problem-catalogue';

/** Pure: the table of the problem catalogue as Markdown, by status. */
export function renderProblemTable(problems: Readonly<Record<string, ProblemDefinition>>): string {
  const rows = Object.entries(problems)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, when, retryable }]) => [`\`${code}\``, String(status), retryable ? 'yes' : 'no', when]);
  return markdownTable(['Code', 'Status', 'Retryable', 'When'], rows);
}
