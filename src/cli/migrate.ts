import { parseArguments, runCommand, withDatabase } from './command';

const HELP = `Brings the database's schema up to date and prints the migrations that ran, one a line.

  npm run migrate

Several may run at once: the others wait for the first. The database is that of DATABASE_URL, or the embedded one.
Exit code: 0, or 2 when it failed.`;

void runCommand(async () => {
  if (!parseArguments(HELP, {})) return 0;
  return withDatabase({ migrateOthers: true }, async (_, migrations) => {
    for (const name of migrations) console.log(name);
    console.error(migrations.length > 0 ? `${migrations.length} migration(s) ran.` : 'The schema is up to date.');
    return 0;
  });
});
