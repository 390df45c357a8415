// npm run up: from a fresh checkout to a running server with a database.
import { main } from './ensure-installed.mjs';
import { runEntry } from './run.mjs';

await main(() => runEntry('cli/up', process.argv.slice(2)));
