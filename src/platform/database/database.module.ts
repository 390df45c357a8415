import { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AppConfig } from '../config/app-config';
import { dataSourceOptions, Schema } from './data-source-options';
import { migrate } from './migrate';

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
        const dataSource = await new DataSource(options!).initialize();
        if (config.database.migrateOnStart) await migrate(dataSource);
        return dataSource;
      },
    });
  }
}
