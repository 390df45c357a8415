import ipaddr from 'ipaddr.js';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { PasswordHasher } from '../identity/password-hasher';
import { User } from '../identity/user.entity';
import { UsersService } from '../identity/users.service';
import { lockUntilEnd, onMaintenanceConnection } from '../platform/database/maintenance';
import { DemoShows, ensureDemoShows } from '../shows/demo-shows';

export const DEMO_USERNAME = 'demo_user_123';
export const DEMO_PASSWORD = 'demo_pass_123';

/** Locked while the demo is made. */
const DEMO_LOCK = 'rowlock: demo';

export interface Demo extends DemoShows {
  /** The user, if it was made. */
  readonly user: string | null;
}

/**
 * Makes the parts of the demo that are missing, and new shows in place of those that have started; never deletes or resets
 * anything. Several processes may do so at once: one makes them, the others wait and find them there.
 *
 * @param now instead of the database's clock
 * @param withUser whether the user is made. Its password is public, so a database that may be one of production must not
 * get it unasked
 * @returns the parts that were made
 */
export function ensureDemo(dataSource: DataSource, now?: Date, withUser = isOnThisMachine(dataSource)): Promise<Demo> {
  return onMaintenanceConnection(dataSource, async (runner) => {
    await lockUntilEnd(runner, DEMO_LOCK);
    const made = await runner.manager.transaction((manager) => ensureDemoShows(manager, now));
    if (!withUser) return { ...made, user: null };
    const users = new UsersService(runner.manager.getRepository(User), new PasswordHasher());
    const isNew = await users.ensureUser(DEMO_USERNAME, DEMO_PASSWORD);
    return { ...made, user: isNew ? DEMO_USERNAME : null };
  });
}

/** Whether the database is reached without leaving this machine, as the embedded one is. */
export function isOnThisMachine({ options }: Pick<DataSource, 'options'>): boolean {
  const { url } = options as { url?: string };
  // As the driver reads it, which also knows PGHOST.
  const { host } = new Client({ connectionString: url });
  if (host.startsWith('/') || host === 'localhost') return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}
