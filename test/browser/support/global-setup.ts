import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import setUpDatabase from '../../support/global-setup';

/** Builds the dashboard from the sources that are tested, then prepares the database as for all tests. */
export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, [join(__dirname, '../../../scripts/build-web.mjs')], { stdio: 'inherit' });
  await setUpDatabase();
}
