import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { GENERATED_FILES, withSection } from '../../src/cli/document';
import { VARIABLES } from '../../src/platform/config/settings';
import { renderEnvExample, renderSettingsTable } from '../../src/platform/config/settings-documentation';
import { PROBLEMS, SEAT_REFUSALS } from '../../src/problem-catalogue';
import { renderProblemTable } from '../../src/problem-documentation';
import { renderSeatCommandTable } from '../../src/seat-command-documentation';
import type { SeatCommandRule } from '../../src/seats/commands/command';
import { STANDINGS } from '../../src/seats/seat-transitions';

/** Holds the documentation against the source. Each check is also tried on a text that is wrong. */

const SCRIPTS = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'AGENTS.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...markdownIn('docs'),
  ...markdownIn('src'),
];
/** Files that set variables for a deployment. */
const DEPLOYMENTS = ['docker-compose.yml', 'app.json', 'render.yaml', 'railway.json', 'Procfile', 'Dockerfile'];

/** Capitals with underscores that are neither settings nor codes. */
const OTHER_NAMES = ['NODE_ENV', 'POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD', 'PUBLISHED_PORT', 'ON_FAILURE'];
/** What the model-based tests read. */
const TEST_NAMES = ['MODEL_SEED', 'MODEL_RUNS', 'MODEL_DECISIONS', 'MODEL_PATH', 'MODEL_REPLAY'];

describe('what is generated', () => {
  it.each(Object.entries(GENERATED_FILES))('%s is what `npm run document` writes', (file, render) => {
    expect(read(file)).toBe(render(read(file)));
  });

  it('has every setting, every problem, and nothing else', () => {
    const namesIn = (table: string) => [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(namesIn(renderSettingsTable(VARIABLES))).toEqual(Object.keys(VARIABLES));
    expect(namesIn(renderProblemTable(PROBLEMS)).sort()).toEqual(Object.keys(PROBLEMS).sort());
  });
});

describe('renderEnvExample', () => {
  const example = (settings: Record<string, z.ZodType>) =>
    renderEnvExample(settings).split('\n\n').slice(1).join('\n\n');

  it('leaves a required variable to be filled in, and shows the default of any other', () => {
    const settings = {
      SECRET: z.string().min(32).describe('A secret.'),
      PORT: z.string().transform(Number).pipe(z.number().min(1).max(9)).default(3).describe('A port.'),
      LEVEL: z.enum(['low', 'high']).default('low').describe('A level.'),
      ORIGINS: z
        .string()
        .transform((text) => text.split(','))
        .default(['a', 'b'])
        .describe('Origins.'),
      TOKEN: z.string().optional().describe('A token.'),
    };

    expect(example(settings)).toBe(
      [
        '# A secret.\nSECRET=',
        '# A port. Values: 1 to 9.\n# PORT=3',
        '# A level. Values: low, high.\n# LEVEL=low',
        '# Origins.\n# ORIGINS=a,b',
        '# A token.\n# TOKEN=\n',
      ].join('\n\n'),
    );
  });

  it('breaks long descriptions into comment lines', () => {
    const text = example({ A: z.string().describe('word '.repeat(60).trim()) });
    const lines = text.split('\n').slice(0, -2);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.every((line) => line.startsWith('# word') && line.length <= 100)).toBe(true);
  });

  it('refuses a setting without a description', () => {
    expect(() => example({ A: z.string().describe('lost').optional() })).toThrow('A has no description');
  });
});

describe('the tables', () => {
  it('escape what would end a cell', () => {
    expect(renderSettingsTable({ A: z.string().describe('this | that') })).toContain('this \\| that');
  });

  it('say what a command does in each standing, in the order of the standings', () => {
    const effects = Object.fromEntries(STANDINGS.map((standing) => [standing, 'keep'])) as SeatCommandRule['effects'];
    const table = renderSeatCommandTable([
      {
        name: 'steal',
        to: 'BOOKED',
        effects: { ...effects, AVAILABLE: 'step', HELD_BY_ANOTHER: 'SEAT_HELD', BOOKED_BY_ME: 'repeat' },
      },
    ]);
    const [head, , row] = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    expect(head!.slice(1, 8)).toEqual([
      '',
      'AVAILABLE',
      'held by me',
      'held by another',
      'lapsed',
      'booked by me',
      'booked by another',
    ]);
    expect(row!.slice(1, 8)).toEqual(['steal', '→ BOOKED', 'keep', '`SEAT_HELD`', 'keep', 'repeat', 'keep']);
  });
});

describe('withSection', () => {
  it('replaces what is between the markers and nothing else', () => {
    expect(withSection('a\n<!-- x -->\nold\n<!-- /x -->\nb', 'x', 'new')).toBe(
      'a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb',
    );
  });

  it.each(['', '<!-- x -->', '<!-- /x --> <!-- x -->', '<!-- x --> <!-- /x --> <!-- x --> <!-- /x -->'])(
    'refuses %j',
    (text) => {
      expect(() => withSection(text, 'x', 'new')).toThrow('exactly one');
    },
  );
});

describe.each(DOCUMENTS)('%s', (file) => {
  it('names only npm scripts that exist', () => {
    expect(missingScripts(read(file))).toEqual([]);
  });

  it('links only to what exists', () => {
    expect(brokenLinks(file, read(file))).toEqual([]);
  });

  it('names only settings and codes that exist', () => {
    expect(unknownNames(read(file))).toEqual([]);
  });
});

describe.each(DEPLOYMENTS)('%s', (file) => {
  it('names only settings that exist', () => {
    expect(unknownNames(read(file))).toEqual([]);
  });

  it('starts only programs that exist', () => {
    const programs = [...read(file).matchAll(/dist\/(src\/[\w/-]+)\.js/g)].map(([, path]) => `${path}.ts`);
    expect(programs.filter((path) => !existsSync(path))).toEqual([]);
  });
});

it.each(['docker-compose.yml', 'app.json', 'render.yaml', 'docs/deploy.md'])('%s keeps /metrics closed', (file) => {
  expect(read(file)).toContain('METRICS_TOKEN');
});

describe('the reference of the API', () => {
  it('names every route, and only those', () => {
    const routes = Object.keys((JSON.parse(read('openapi.json')) as { paths: object }).paths);
    expect(routesIn(read('docs/reference/api.md'))).toEqual(routes.filter((path) => path.startsWith('/api/')).sort());
  });
});

describe('the reference of the commands', () => {
  it('names every npm script that a user may run', () => {
    const named = namedScripts(read('docs/reference/commands.md'));
    expect(SCRIPTS.filter((name) => !/^(pre|post)/.test(name) && !named.includes(name))).toEqual([]);
  });
});

describe('README.md', () => {
  it('leads to every other document, itself or by one that it links to', () => {
    const reached = linkedFiles('README.md').flatMap((file) => [file, ...linkedFiles(file)]);
    expect(DOCUMENTS.filter((file) => file !== 'README.md' && !reached.includes(file))).toEqual([]);
  });

  it('has the picture that docs/architecture.md has', () => {
    const [picture, ...others] = picturesIn(read('README.md'));
    expect(others).toEqual([]);
    expect(picturesIn(read('docs/architecture.md'))).toEqual([picture]);
  });
});

describe('AGENTS.md', () => {
  it('names every directory of the source and of the proof', () => {
    const directories = ['src', 'proof'].flatMap((parent) =>
      readdirSync(parent).filter((name) => statSync(join(parent, name)).isDirectory()),
    );
    expect(directories.filter((name) => !read('AGENTS.md').includes(`${name}/`))).toEqual([]);
  });

  it('names only files and directories that exist', () => {
    expect(missingPaths(read('AGENTS.md'))).toEqual([]);
  });
});

describe('decisions', () => {
  it('are numbered without a gap', () => {
    const numbers = readdirSync('docs/adr').flatMap((name) => /^(\d{4})-.+\.md$/.exec(name)?.[1] ?? []);
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, '0')));
  });

  it.each(markdownIn('docs/adr'))('%s is linked from docs/architecture.md', (file) => {
    expect(linkedFiles('docs/architecture.md')).toContain(file);
  });

  it.each(markdownIn('docs/adr'))('%s says context, decision and consequences', (file) => {
    const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      expect.stringContaining(/\/(\d{4})-/.exec(file)![1]!),
      'Context',
      'Decision',
      'Consequences',
    ]);
  });
});

describe('the checks', () => {
  it('find a script that does not exist', () => {
    expect(missingScripts('`npm run nonsense`, `npm run up` and `npm test`')).toEqual(['nonsense']);
  });

  it('find a link that leads nowhere, and a heading that is not there', () => {
    expect(
      brokenLinks('README.md', '[a](nowhere.md) [b](README.md#nowhere) [c](LICENSE) [d](https://example.org/x)'),
    ).toEqual(['nowhere.md', 'README.md#nowhere']);
  });

  it('find the routes in a text', () => {
    expect(routesIn('`GET /api/shows/?date=2026-11-24`, `/api/shows/{id}/`, curl $API/api/shows/')).toEqual([
      '/api/shows/',
      '/api/shows/{id}/',
    ]);
  });

  it('find a path that leads nowhere', () => {
    expect(missingPaths('`src/main.ts`, `src/nowhere.ts`, `docs/adr/`, src/nobody.ts, `test/nowhere/`')).toEqual([
      'src/nowhere.ts',
      'test/nowhere/',
    ]);
  });

  it('find a picture, and no other code', () => {
    expect(picturesIn('```sh\nls\n```\n```mermaid\na --> b\n```\n')).toEqual(['```mermaid\na --> b\n```']);
  });

  it('find a setting that does not exist', () => {
    expect(unknownNames('`HOLD_TTL_SECONDS`, `HOLD_TTL`, `SEAT_HELD`')).toEqual(['HOLD_TTL']);
  });
});

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

function markdownIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name))
    .sort();
}

function namedScripts(text: string): string[] {
  return [...text.matchAll(/\bnpm (?:run (?:-\S+ )*([\w:-]+)|(test|start)\b)/g)].map(([, run, own]) => (run ?? own)!);
}

/** Paths of the API, once each. */
function routesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\/api\/[\w/{}-]+/g)].map(([path]) => path))].sort();
}

function missingScripts(text: string): string[] {
  return namedScripts(text).filter((name) => !SCRIPTS.includes(name));
}

/** Targets of links, but for those to other sites. */
function relativeLinks(text: string): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The files that a document links to, from the root. */
function linkedFiles(file: string): string[] {
  if (!file.endsWith('.md')) return [];
  return relativeLinks(read(file)).map((target) => normalize(join(dirname(file), target.split('#')[0]!)));
}

/** Relative links whose file, or heading within it, does not exist. */
function brokenLinks(file: string, text: string): string[] {
  return relativeLinks(text).filter((target) => {
    const [path, heading] = target.split('#');
    const linked = path ? normalize(join(dirname(file), path)) : file;
    return !existsSync(linked) || (heading !== undefined && !anchorsOf(read(linked)).includes(heading));
  });
}

/** The names that headings can be linked by. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

/** The diagrams of a document. */
function picturesIn(text: string): string[] {
  return [...text.matchAll(/^```mermaid\n.*?^```/gms)].map(([picture]) => picture);
}

/** Paths of this project in backquotes that lead nowhere. */
function missingPaths(text: string): string[] {
  const paths = [...text.matchAll(/`((?:src|proof|test|docs|client|web|scripts)\/[\w./-]*)`/g)].map(
    ([, path]) => path!,
  );
  return paths.filter((path) => !existsSync(path));
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```/gms, '');
}

/** Names such as `HOLD_TTL_SECONDS` that are not defined anywhere. */
function unknownNames(text: string): string[] {
  const known = new Set<string>([
    ...Object.keys(VARIABLES),
    ...Object.keys(PROBLEMS),
    ...SEAT_REFUSALS,
    ...OTHER_NAMES,
    ...TEST_NAMES,
  ]);
  const named = [...text.matchAll(/(?<![\w.$/-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b(?!\()/g)].map(([name]) => name);
  return [...new Set(named)].filter((name) => !known.has(name));
}
