import { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AppConfig } from '../config/app-config';
import { dataSourceOptions, Schema } from './data-source-options';
import { migrateDatabase } from './migrate';
import { warnOfDangers } from './dangers';

const CONNECT_ATTEMPTS = 5;
const CONNECT_RETRY_DELAY_MS = 1_000;

/** Provides the `DataSource`, migrated first where the settings say so. */
export class DatabaseModule {
  static forRoot(config: AppConfig, schema: Schema): DynamicModule {
    return TypeOrmModule.forRootAsync({
      useFactory: () => ({
        ...dataSourceOptions(config, schema),
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
    });
  }
}
