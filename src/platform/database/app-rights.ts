import { Logger } from '@nestjs/common';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { QueryRunner } from 'typeorm';
import type { DatabaseConfig } from './data-source-options';

/** What the role of a running server may do to a table. The role that owns the table may do everything. */
export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] as const;

/** Views that the server reads. No entity stands for one. */
const VIEWS = ['seat_now'];

/** The columns that the server may UPDATE in a table of which it may not update all. */
export interface UpdateOf {
  readonly columns: readonly string[];
}

const rightsByEntity = new Map<unknown, readonly (Right | UpdateOf)[]>();
const partitionRights: { readonly table: string; readonly wanted: readonly Right[] }[] = [];

/** Says at an entity what the server may do to its table. An entity that says nothing is out of the server's reach. */
export function AppRights(...rights: (Right | UpdateOf)[]): ClassDecorator {
  return (entity) => void rightsByEntity.set(entity, rights);
}

/** Says at an entity what the server may do to the partitions of its table by their own names. The table's rights reach their rows. */
export function PartitionRights(partitions: readonly { readonly table: string }[], ...rights: Right[]): ClassDecorator {
  return () => void partitionRights.push(...partitions.map(({ table }) => ({ table, wanted: rights })));
}

/** A role by its name and password. */
export interface AppRole {
  readonly name: string;
  readonly password: string;
}

/** The role of DATABASE_URL, if another one owns the database. */
export function appRole({ database }: DatabaseConfig): AppRole | undefined {
  if (database.migrationUrl === undefined || database.url === undefined) return undefined;
  const [app, owner] = [new URL(database.url), new URL(database.migrationUrl)];
  if (app.username === owner.username) return undefined;
  return { name: decodeURIComponent(app.username), password: decodeURIComponent(app.password) };
}

/** Whether the role is missing, or may do more or less than the entities say. */
export async function rightsDiffer(runner: QueryRunner, role: AppRole): Promise<boolean> {
  return (await exists(runner, role)) ? (await differences(runner, role)).length > 0 : true;
}

/**
 * Makes the role if it is missing, and gives it exactly the rights that the entities name, to this schema alone.
 *
 * @throws Error if the role is missing and the owner may not make it
 */
export async function grantAppRights(runner: QueryRunner, role: AppRole): Promise<void> {
  await makeRole(runner, role);
  const name = escapeIdentifier(role.name);
  await runner.query(`GRANT USAGE ON SCHEMA ${escapeIdentifier(await schemaName(runner))} TO ${name}`);
  for (const { table, wanted, columns } of tables(runner)) {
    // An owner that is no superuser may not touch tables of another: only what differs is changed.
    const given = (await differences(runner, role)).filter((difference) => difference.table === table);
    if (given.length === 0) continue;
    await runner.query(`REVOKE ALL ON ${escapeIdentifier(table)} FROM ${name}`);
    if (columns.length > 0) {
      const updated = columns.map((column) => escapeIdentifier(column)).join(', ');
      await runner.query(`GRANT UPDATE (${updated}) ON ${escapeIdentifier(table)} TO ${name}`);
    }
    if (wanted.length > 0) await runner.query(`GRANT ${wanted.join(', ')} ON ${escapeIdentifier(table)} TO ${name}`);
  }
  const left = await differences(runner, role);
  if (left.length > 0) {
    const named = left.map(({ table, right, has }) => `${has ? 'may' : "can't"} ${right} ${table}`).join(', ');
    logger.warn(
      `The database role ${role.name} has other rights than it needs: ${named}. Is it a superuser or an owner?`,
    );
  }
}

const logger = new Logger('Database');

interface TableRights {
  readonly table: string;
  readonly wanted: readonly Right[];
  /** To be updated, where not all of the table is. */
  readonly columns: readonly string[];
}

function tables(runner: QueryRunner): TableRights[] {
  return [
    ...runner.dataSource.entityMetadatas.map(({ tableName, target }) => {
      const rights = rightsByEntity.get(target) ?? [];
      return {
        table: tableName,
        wanted: rights.filter((right) => typeof right === 'string'),
        columns: rights.flatMap((right) => (typeof right === 'string' ? [] : right.columns)),
      };
    }),
    ...partitionRights.map((partition) => ({ ...partition, columns: [] })),
    ...VIEWS.map((table) => ({ table, wanted: ['SELECT'] as const, columns: [] })),
  ];
}

async function differences(
  runner: QueryRunner,
  role: AppRole,
): Promise<{ table: string; right: string; has: boolean }[]> {
  const known = tables(runner);
  const inPart = known.filter(({ wanted }) => !wanted.includes('UPDATE'));
  return runner.manager.query(
    `SELECT * FROM (
       SELECT named.name AS "table", format('UPDATE (%s)', attname) AS "right",
              has_column_privilege($1, attrelid, attname, 'UPDATE') AS has,
              attname = ANY(string_to_array(named.columns, ',')) AS wanted
         FROM unnest($5::text[], $6::text[]) AS named(name, columns)
         JOIN pg_attribute ON attrelid = to_regclass(format('%I', named.name)) AND attnum > 0 AND NOT attisdropped
       UNION ALL
       SELECT named.name AS "table", "right", has_table_privilege($1, format('%I', named.name), "right") AS has,
              "right" = ANY(string_to_array(named.rights, ',')) AS wanted
         FROM unnest($2::text[], $3::text[]) AS named(name, rights)
        CROSS JOIN unnest($4::text[]) AS "right"
        WHERE to_regclass(format('%I', named.name)) IS NOT NULL) AS found
      WHERE has <> wanted ORDER BY "table", "right"`,
    [
      role.name,
      known.map(({ table }) => table),
      known.map(({ wanted }) => wanted.join()),
      RIGHTS,
      inPart.map(({ table }) => table),
      inPart.map(({ columns }) => columns.join()),
    ],
  );
}

async function exists(runner: QueryRunner, { name }: AppRole): Promise<boolean> {
  return (await runner.manager.query<unknown[]>('SELECT FROM pg_roles WHERE rolname = $1', [name])).length > 0;
}

async function makeRole(runner: QueryRunner, role: AppRole): Promise<void> {
  if (await exists(runner, role)) return;
  // Asked first: PostgreSQL writes a refused statement into its log, the password with it.
  const [owner] = await runner.manager.query<{ mayMake: boolean }[]>(
    'SELECT rolsuper OR rolcreaterole AS "mayMake" FROM pg_roles WHERE rolname = current_user',
  );
  if (!owner?.mayMake) {
    throw new Error(
      `The role ${role.name} of DATABASE_URL does not exist, and the role of DATABASE_MIGRATION_URL may not make it.`,
    );
  }
  await runner.query(`CREATE ROLE ${escapeIdentifier(role.name)} LOGIN PASSWORD ${escapeLiteral(role.password)}`);
}

async function schemaName(runner: QueryRunner): Promise<string> {
  const [row] = await runner.manager.query<{ name: string }[]>('SELECT current_schema() AS name');
  return row!.name;
}
