import { DataSource, MigrationExecutor, QueryRunner } from 'typeorm';
import { appRole, AppRole, grantAppRights, rightsDiffer } from './app-rights';
import { DatabaseConfig, dataSourceOptions, Schema } from './data-source-options';
import { lockUntilEnd, LOCK_WAIT_MAX_MS, onMaintenanceConnection } from './maintenance';

/** Locked while migrations run; TypeORM itself takes no lock. */
export const MIGRATION_LOCK = 'rowlock: migrations';

/** Migrates the database of the settings, as the role that owns it. See {@link migrate}. */
export function migrateDatabase(config: DatabaseConfig, schema: Schema): Promise<string[]> {
  return migrate(new DataSource(dataSourceOptions(asOwner(config), schema)), {
    lockTimeoutMs: config.database.migrationLockTimeoutMs,
    role: appRole(config),
  });
}

/** The settings of somebody who works as the owner of the database, who may be the server's own role as well. */
export function asOwner<Config extends DatabaseConfig>(config: Config): Config {
  const { url, migrationUrl } = config.database;
  return { ...config, database: { ...config.database, url: migrationUrl ?? url } };
}

/**
 * Runs the pending migrations, each in a transaction of its own, and returns their names. Any number of instances may do so
 * at once: one runs them, the others wait for its end and find nothing left to do. Where nothing is pending no lock is
 * taken, so that a session which keeps it can't stop an instance from starting.
 *
 * @param options.role gets the rights that the entities name
 * @throws LockedError after `options.lockTimeoutMs`; the error of the migration that failed, and those before it stay
 */
export function migrate(
  dataSource: DataSource,
  { lockTimeoutMs = LOCK_WAIT_MAX_MS, role }: { lockTimeoutMs?: number; role?: AppRole | undefined } = {},
): Promise<string[]> {
  return onMaintenanceConnection(dataSource, async (runner) => {
    const executor = new MigrationExecutor(runner.dataSource, runner);
    executor.transaction = 'each';
    if (!(await isPending(executor, runner, role))) return [];
    await lockUntilEnd(runner, MIGRATION_LOCK, lockTimeoutMs);
    const ran = await executor.executePendingMigrations();
    if (role) await grantAppRights(runner, role);
    return ran.map((migration) => migration.name);
  });
}

async function isPending(executor: MigrationExecutor, runner: QueryRunner, role?: AppRole): Promise<boolean> {
  const hasTable = await runner.hasTable(TABLE);
  if (!hasTable || (await executor.getPendingMigrations()).length > 0) return true;
  return role !== undefined && (await rightsDiffer(runner, role));
}

/** TypeORM's list of the migrations that have run. Asking for the pending ones would make it, beside another instance. */
const TABLE = 'migrations';
