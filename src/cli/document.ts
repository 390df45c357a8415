import { readFileSync, writeFileSync } from 'node:fs';
import { renderEnvExample, renderSettingsTable } from '../platform/config/settings-documentation';
import { VARIABLES } from '../platform/config/settings';
import { PROBLEMS } from '../problem-catalogue';
import { renderProblemTable } from '../problem-documentation';
import { renderSeatCommandTable } from '../seat-command-documentation';
import { COMMAND_RULES } from '../seats/commands/registry';

const withSeatCommands = (current: string) =>
  withSection(current, 'seat-commands', renderSeatCommandTable(Object.values(COMMAND_RULES)));

/** The files that are generated, whole or in part: what each must be, given what it is. */
export const GENERATED_FILES: Readonly<Record<string, (current: string) => string>> = {
  '.env.example': () => renderEnvExample(VARIABLES),
  'docs/reference/settings.md': (current) => withSection(current, 'settings', renderSettingsTable(VARIABLES)),
  'docs/reference/problems.md': (current) => withSection(current, 'problems', renderProblemTable(PROBLEMS)),
  'docs/reference/api.md': withSeatCommands,
  'src/seats/README.md': withSeatCommands,
};

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. @throws when there is no such pair, or more than one */
export function withSection(document: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest, ...moreOpen] = document.split(open);
  const [, after, ...moreClose] = rest?.split(close) ?? [];
  if (after === undefined || moreOpen.length > 0 || moreClose.length > 0) {
    throw new Error(`There must be exactly one ${open} followed by exactly one ${close}`);
  }
  return `${before}${open}\n\n${content}\n\n${close}${after}`;
}

/** `npm run document`: writes what in the documentation follows from the source. */
function main(): void {
  for (const [file, render] of Object.entries(GENERATED_FILES)) {
    const current = readIfPresent(file);
    const wanted = render(current);
    if (wanted === current) continue;
    writeFileSync(file, wanted);
    console.error(`${file} written`);
  }
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}

if (require.main === module) main();
