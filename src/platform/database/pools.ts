import type { OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { AppConfig } from '../config/app-config';
import { Problem } from '../problem/problem';

/**
 * A process has three pools, so that one kind of work can't take the connections of another. Reads are the kind that
 * anybody can ask for without a token: in one pool with the commands they would stand before every hold. TypeORM's own
 * `DataSource` is the third pool, for logins, sweeps and messages.
 */

/** The connections of seat commands: one for each lane, and where there are enough a second one. */
export class CommandDataSource extends DataSource implements OnApplicationShutdown {
  /** A transaction that is given up is rolled back while the next one of its lane already begins. */
  static readonly PER_LANE = 2;

  onApplicationShutdown(): Promise<void> {
    return this.destroy();
  }
}

/** The connections of reads. Few may wait for one; any more are BUSY at once. */
export class ReadDataSource extends DataSource implements OnApplicationShutdown {
  constructor(
    options: DataSourceOptions,
    private readonly waitingMax: number,
  ) {
    super(options);
  }

  override async initialize(): Promise<this> {
    await super.initialize();
    // The one way by which TypeORM and `lease()` come to a connection.
    const driver = this.driver as PostgresDriver;
    const obtain = driver.obtainMasterConnection.bind(driver);
    driver.obtainMasterConnection = () => {
      const { waitingCount, idleCount } = poolOf(this);
      if (waitingCount >= this.waitingMax && idleCount === 0) return Promise.reject(tooManyReads(this.waitingMax));
      return obtain();
    };
    return this;
  }

  onApplicationShutdown(): Promise<void> {
    return this.destroy();
  }
}

function tooManyReads(waitingMax: number): Problem {
  return new Problem('BUSY', { detail: `${waitingMax} reads wait already.`, retryAfterSeconds: 1 });
}

/** The pool of `pg` below a data source. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}

export interface PoolSizes {
  readonly commands: number;
  readonly reads: number;
  readonly others: number;
}

/**
 * Shares the connections of a process out. Each lane has one, reads and all others have one; reads get at most half of those
 * that are left, so that a small `DATABASE_POOL_MAX` stays of use to the others.
 */
export function poolSizes({ database, combining }: Pick<AppConfig, 'database' | 'combining'>): PoolSizes {
  const { poolMax, readPoolMax } = database;
  const { lanes } = combining;
  let left = poolMax - lanes - 2;
  const reads = 1 + Math.min(readPoolMax - 1, Math.ceil(left / 2));
  left -= reads - 1;
  const commands = lanes + Math.min(lanes * (CommandDataSource.PER_LANE - 1), Math.floor(left / 2));
  return { commands, reads, others: poolMax - commands - reads };
}
