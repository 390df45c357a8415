import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics/metrics';
import { CommandDataSource, poolOf, PoolSizes, ReadDataSource } from './pools';

/** How many connections each pool has, and how much work waits for one. Counted when somebody looks. */
@Injectable()
export class PoolMetrics {
  constructor({ registry }: Metrics, commands: CommandDataSource, reads: ReadDataSource, others: DataSource) {
    const pools: Record<keyof PoolSizes, DataSource> = { commands, reads, others };
    const registers = [registry];
    new Gauge({
      name: 'rowlock_database_connections',
      help: 'Open connections of a pool',
      labelNames: ['pool', 'state'],
      registers,
      collect() {
        for (const [pool, dataSource] of Object.entries(pools)) {
          const { totalCount, idleCount } = poolOf(dataSource);
          this.set({ pool, state: 'busy' }, totalCount - idleCount);
          this.set({ pool, state: 'idle' }, idleCount);
        }
      },
    });
    new Gauge({
      name: 'rowlock_database_waiting',
      help: 'Work that waits for a connection of a pool',
      labelNames: ['pool'],
      registers,
      collect() {
        for (const [pool, dataSource] of Object.entries(pools)) this.set({ pool }, poolOf(dataSource).waitingCount);
      },
    });
  }
}
