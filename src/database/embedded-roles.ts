import { createHmac } from 'node:crypto';
import { Client } from 'pg';

/** The roles of the embedded database. Its superuser makes them, and does nothing else. */
const OWNER = 'rowlock_owner';
const APP = 'rowlock_app';

/** Makes two roles, or two processes that start at once, wait for each other. */
const ROLES_LOCK = 'rowlock: roles';

/**
 * Makes the role that owns the embedded database, and the role that a server runs as. A database of an earlier version, in
 * which the superuser owns everything, is handed over.
 *
 * @param superuserUrl its password is the root of the passwords of both, so that there is nothing more to keep
 * @returns where each role finds the database
 */
export async function ensureEmbeddedRoles(superuserUrl: string): Promise<{ url: string; migrationUrl: string }> {
  const superuser = new URL(superuserUrl);
  const passwordOf = (role: string) => createHmac('sha256', superuser.password).update(role).digest('hex');
  const urlOf = (role: string) =>
    Object.assign(new URL(superuserUrl), { username: role, password: passwordOf(role) }).href;

  const client = new Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [ROLES_LOCK]);
    for (const role of [OWNER, APP]) {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${passwordOf(role)}'`);
    }
    const { rows } = await client.query<{ handOver: string }>(HAND_OVER_SQL, [OWNER]);
    for (const { handOver } of rows) await client.query(handOver);
  } finally {
    await client.end();
  }
  return { url: urlOf(APP), migrationUrl: urlOf(OWNER) };
}

/** The statements by which a role becomes the owner of the database and everything in it. */
const HAND_OVER_SQL = `
  SELECT format('ALTER DATABASE %I OWNER TO %I', datname, $1::text) AS "handOver"
    FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> $1
  UNION ALL
  SELECT format('ALTER SCHEMA public OWNER TO %I', $1::text)
    FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) <> $1
  UNION ALL
  SELECT format('ALTER %s public.%I OWNER TO %I', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname, $1::text)
    FROM pg_class
   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND pg_get_userbyid(relowner) <> $1
  UNION ALL
  SELECT format('ALTER ROUTINE %s OWNER TO %I', oid::regprocedure, $1::text)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) <> $1`;
