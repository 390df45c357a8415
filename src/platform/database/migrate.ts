import { DataSource, MigrationExecutor } from 'typeorm';
import { lockUntilEnd, onMaintenanceConnection } from './maintenance';

/** Locked while migrations run; TypeORM itself takes no lock. */
export const MIGRATION_LOCK = 'rowlock: migrations';

/**
 * Runs the pending migrations, each in a transaction of its own, and returns their names. Any number of instances may do so
 * at once: one runs them, the others wait for its end and find nothing left to do.
 *
 * @throws the error of the migration that failed; those before it stay
 */
export function migrate(dataSource: DataSource): Promise<string[]> {
  return onMaintenanceConnection(dataSource, async (runner) => {
    await lockUntilEnd(runner, MIGRATION_LOCK);
    const executor = new MigrationExecutor(runner.dataSource, runner);
    executor.transaction = 'each';
    const ran = await executor.executePendingMigrations();
    return ran.map((migration) => migration.name);
  });
}
