import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';

/**
 * A process that starts the embedded PostgreSQL on the directory in its first argument, says so, and never ends by
 * itself.
 */
startEmbeddedPostgres({ dataDir: process.argv[2] as string }).then(
  ({ url, adopted }) => {
    console.log(JSON.stringify({ url, adopted }));
    setInterval(() => undefined, 1_000_000);
  },
  (error: Error) => {
    console.error(error);
    process.exit(1);
  },
);
