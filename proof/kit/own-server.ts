import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { startServer } from '../bench/server';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres';
import { migrate } from '../../src/platform/database/migrate';
import { addLoadTestShows } from '../../src/shows/load-test-shows';
import { openDataSource } from '../checkers/ledger-rows';

/** How many shows, each with how many rows and seats in a row. */
export type ShowPlan = readonly { readonly shows: number; readonly rows: number; readonly seatsPerRow: number }[];

export interface OwnServer {
  readonly url: string;
  readonly databaseUrl: string;
  /** The shows made, for each part of the plan. */
  readonly showIds: readonly (readonly number[])[];
  stop(): Promise<void>;
}

/**
 * A server of production in a process of its own, without rate limits, on the database of DATABASE_URL or on an embedded
 * PostgreSQL that is made for it and deleted afterwards, which waits for the disk as in production.
 */
export async function startOwnServer(
  plan: ShowPlan,
  settings: Record<string, string>,
  log: (line: string) => void,
): Promise<OwnServer> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.reverse()) await close();
  };
  try {
    let databaseUrl = process.env.DATABASE_URL || undefined;
    if (databaseUrl === undefined) {
      const dataDir = await mkdtemp(join(tmpdir(), 'rowlock-stress-'));
      closers.push(() => rm(dataDir, { recursive: true, force: true }));
      const embedded = await startEmbeddedPostgres({ dataDir, log });
      closers.push(() => embedded.stop());
      databaseUrl = embedded.url;
    }
    const dataSource = await openDataSource(databaseUrl);
    const showIds = await prepare(dataSource, plan).finally(() => dataSource.destroy());
    const server = await startServer({ DATABASE_URL: databaseUrl, ...settings });
    closers.push(() => server.stop());
    return { url: `http://127.0.0.1:${server.port}`, databaseUrl, showIds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Brings the schema up to date, and makes the shows of a plan. */
export async function prepare(dataSource: DataSource, plan: ShowPlan): Promise<number[][]> {
  await migrate(dataSource);
  return onMaintenanceConnection(dataSource, async (runner) => {
    const made: number[][] = [];
    for (const part of plan) made.push((await addLoadTestShows(runner, part)).showIds);
    return made;
  });
}
