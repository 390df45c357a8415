// Compiles the project if dist/ is missing or was made from other sources.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWeb } from './build-web.mjs';
import { ensureInstalled, isMain, main, PROJECT, requireWritable, run, say, UserError } from './ensure-installed.mjs';

/** The sources of the build: files, and directories with all files below them. */
const SOURCES = [
  'src',
  'proof',
  'ormconfig.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'web',
  'client',
  'scripts/build-web.mjs',
];

/** The hash of the sources that dist/ was made from. Times would not do: git and `cp` set them as they please. */
const STAMP = join(PROJECT, 'dist/.rowlock-sources-sha256');

const COMPILER = join(PROJECT, 'node_modules/@nestjs/cli/bin/nest.js');

/** Whether dist/ was made from the sources as they are now. */
export function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hashSources();
}

/**
 * Does what `npm run build` does unless dist/ is up to date.
 *
 * @throws UserError
 */
export async function ensureBuilt() {
  // Taken before the build, so that a source changed while it runs counts as not built.
  const hash = hashSources();
  if (isBuilt()) return;
  if (!existsSync(COMPILER)) throw new UserError('the compiler is missing. Run "npm ci --include=dev".');
  say('compiling');
  requireWritable(existsSync(join(PROJECT, 'dist')) ? join(PROJECT, 'dist') : PROJECT, 'compile');
  await run(process.execPath, [COMPILER, 'build'], 'nest build');
  await buildWeb();
  writeFileSync(STAMP, hash);
}

function hashSources() {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap(listFiles)) {
    const content = readFileSync(join(PROJECT, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** All files at or below a path that the build reads, in a fixed order; none if it does not exist. */
function listFiles(path) {
  const found = statSync(join(PROJECT, path), { throwIfNoEntry: false });
  if (!found) return [];
  if (found.isDirectory()) {
    const names = readdirSync(join(PROJECT, path)).sort();
    return names.flatMap((name) => listFiles(`${path}/${name}`));
  }
  return path.endsWith('.spec.ts') ? [] : [path];
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await ensureInstalled();
    await ensureBuilt();
  });
}
