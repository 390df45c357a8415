import { migrate } from '../../src/platform/database/migrate';
import { onMaintenanceConnection } from '../../src/platform/database/maintenance';
import { addLoadTestShows } from '../../src/shows/load-test-shows';
import { openDataSource } from './database-server';

/** How many shows, each with how many rows and seats in a row. */
export interface HouseSize {
  readonly shows: number;
  readonly rows: number;
  readonly seatsPerRow: number;
}

/** A database with shows. */
export interface House {
  readonly url: string;
  /** For each part of the plan. */
  readonly showIds: readonly (readonly number[])[];
}

/** Brings a database's schema up to date, and makes the shows of a plan in it. */
export async function prepareHouse(url: string, plan: readonly HouseSize[]): Promise<House> {
  const dataSource = await openDataSource(url);
  try {
    await migrate(dataSource);
    const showIds: number[][] = [];
    await onMaintenanceConnection(dataSource, async (runner) => {
      for (const part of plan) showIds.push((await addLoadTestShows(runner, part)).showIds);
    });
    return { url, showIds };
  } finally {
    await dataSource.destroy();
  }
}
