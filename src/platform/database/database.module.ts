import { DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AppConfig } from '../config/app-config';
import { dataSourceOptions, Schema } from './data-source-options';
import { warnOfDangers } from './dangers';
import { DatabaseProbe } from './database-probe';
import { migrateDatabase } from './migrate';
import { PoolMetrics } from './pool-metrics';
import { CommandDataSource, poolSizes, ReadDataSource } from './pools';

const CONNECT_ATTEMPTS = 5;
const CONNECT_RETRY_DELAY_MS = 1_000;

/** Provides the pools, once the schema is migrated where the settings say so. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(config: AppConfig, schema: Schema): DynamicModule {
    const { commands, reads, others } = poolSizes(config);
    const { readTimeoutMs: statementTimeoutMs, readQueueMax } = config.database;
    // No migration of its own: the first pool sees to that, and entities are all that these need.
    const { entities } = schema;
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...dataSourceOptions(config, schema, { poolSize: others }),
            retryAttempts: CONNECT_ATTEMPTS,
            retryDelay: CONNECT_RETRY_DELAY_MS,
          }),
          dataSourceFactory: async (options) => {
            // First, as the role that the server runs as may not exist before.
            if (config.database.migrateOnStart) await migrateDatabase(config, schema);
            const dataSource = await new DataSource(options!).initialize();
            await warnOfDangers(dataSource);
            return dataSource;
          },
        }),
      ],
      providers: [
        {
          provide: CommandDataSource,
          useFactory: (_migrated: DataSource) =>
            new CommandDataSource(dataSourceOptions(config, { entities }, { poolSize: commands })).initialize(),
          inject: [DataSource],
        },
        {
          provide: ReadDataSource,
          useFactory: (_migrated: DataSource) =>
            new ReadDataSource(
              dataSourceOptions(config, { entities }, { poolSize: reads, statementTimeoutMs }),
              readQueueMax,
            ).initialize(),
          inject: [DataSource],
        },
        PoolMetrics,
        DatabaseProbe,
      ],
      exports: [CommandDataSource, ReadDataSource, DatabaseProbe],
    };
  }
}
