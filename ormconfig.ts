import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './src/platform/database/data-source-options';
import { parseDatabaseEnvironment } from './src/platform/config/app-config';
import { schema } from './src/database/schema';

/** What `typeorm -d dist/ormconfig.js` loads; the app builds its own from the same options. */
export default new DataSource(dataSourceOptions(parseDatabaseEnvironment(process.env), schema));
