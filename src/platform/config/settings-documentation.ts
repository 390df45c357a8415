import { z } from 'zod';

/** Pure: the settings as texts for people. */

type Settings = Readonly<Record<string, z.ZodType>>;

interface Documented {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** As it would be written in the environment; empty when there is none. */
  readonly fallback: string;
  /** The choice or the range of values; empty where there is neither. */
  readonly values: string;
}

const LINE_WIDTH = 100;

/** The text of `.env.example`: every variable with its meaning; the required ones wait for a value, the others show their default. */
export function renderEnvExample(settings: Settings): string {
  const header = [
    '# The settings of Rowlock. Copy this file to .env and fill in the lines that have no "#" in front.',
    '# Nothing reads .env by itself: "docker compose up" does, and "node --env-file=.env dist/src/main.js".',
    '# Generated from src/platform/config/settings.ts by "npm run document".',
  ];
  const variables = document(settings).map(({ name, description, isRequired, fallback, values }) => {
    const comment = wrap(values ? `${description} Values: ${values}.` : description, LINE_WIDTH - 2);
    return [...comment.map((line) => `# ${line}`), isRequired ? `${name}=` : `# ${name}=${fallback}`];
  });
  return `${[header, ...variables].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The table of the settings as Markdown. */
export function renderSettingsTable(settings: Settings): string {
  const rows = document(settings).map(({ name, description, isRequired, fallback, values }) => [
    `\`${name}\``,
    isRequired ? '**required**' : fallback && `\`${fallback}\``,
    values,
    description,
  ]);
  return markdownTable(['Variable', 'Default', 'Values', 'Meaning'], rows);
}

/** A table in Markdown. A bar inside a cell is escaped, as it would end the cell. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function document(settings: Settings): Documented[] {
  return Object.entries(settings).map(([name, schema]) => {
    if (!schema.description) throw new Error(`${name} has no description; describe() must come last`);
    const unset = schema.safeParse(undefined);
    return {
      name,
      description: schema.description,
      isRequired: !unset.success,
      fallback: unset.success && unset.data !== undefined ? String(unset.data) : '',
      values: valuesOf(schema),
    };
  });
}

function valuesOf(schema: z.ZodType): string {
  // A choice shows in the text that is written; a range, in the number that the text is read as.
  const written = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const read = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  if (written.enum) return written.enum.join(', ');
  return read.minimum === undefined ? '' : `${read.minimum} to ${read.maximum}`;
}

/** Breaks a text into lines between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
