// Builds the dashboard into dist/web: index.html, and everything that it loads in a directory named by a hash of its
// content. A changed file gets a new address, so browsers may keep the files of the old one for good.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isMain, main, PROJECT, run } from './ensure-installed.mjs';

const COMPILER = join(PROJECT, 'node_modules/typescript/bin/tsc');
const OUT = join(PROJECT, 'dist/web');
const OPENAPI_FETCH = join(PROJECT, 'node_modules/openapi-fetch');

/** @throws UserError if it does not compile */
export async function buildWeb() {
  rmSync(OUT, { recursive: true, force: true });
  const compiled = join(OUT, 'compiled');
  await run(process.execPath, [COMPILER, '-p', join(PROJECT, 'web/tsconfig.json'), '--outDir', compiled], 'tsc -p web');
  cpSync(join(PROJECT, 'web/public'), compiled, { recursive: true });
  const vendor = join(compiled, 'web/vendor');
  mkdirSync(vendor, { recursive: true });
  const source = readFileSync(join(OPENAPI_FETCH, 'dist/index.mjs'), 'utf8');
  writeFileSync(join(vendor, 'openapi-fetch.js'), source.replace(/^\/\/# sourceMappingURL=.*$/m, ''));
  cpSync(join(OPENAPI_FETCH, 'LICENSE'), join(vendor, 'openapi-fetch.LICENSE'));

  const page = readFileSync(join(compiled, 'index.html'), 'utf8');
  rmSync(join(compiled, 'index.html'));
  const files = filesBelow(compiled);
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(compiled, file)));
  const version = hash.digest('hex').slice(0, 16);
  mkdirSync(join(OUT, 'assets'));
  renameSync(compiled, join(OUT, 'assets', version));
  const base = `/assets/${version}`;
  // The browser then loads all modules at once, instead of each after the module that imports it.
  const preloads = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => `<link rel="modulepreload" href="${base}/${file}">`);
  writeFileSync(
    join(OUT, 'index.html'),
    page.replaceAll('{assets}', base).replace('<!-- modules -->', preloads.join('\n    ')),
  );
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();
}

if (isMain(import.meta.url)) await main(buildWeb);
