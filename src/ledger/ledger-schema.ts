import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import { sqlState } from '../platform/database/pg-errors';

/** Compares the tables with what the migrations make of the entities: what is gone, weakened, switched off or put in. */

export const SCHEMA_RULES = {
  SCHEMA:
    'the tables have the columns, constraints and indexes that the migrations make, in force, and nothing that acts beside them',
} as const;

interface SchemaFault {
  readonly rule: keyof typeof SCHEMA_RULES;
  readonly detail: string;
}

type Report = (fault: SchemaFault) => void;

/** Not allowed to make temporary tables, or on a standby, which is read-only. */
const CANNOT_COMPARE = ['42501', '25006'];

/** Changes nothing. Temporary tables, in a transaction that is rolled back, have PostgreSQL write the checks its own way. */
export async function findSchemaFaults(dataSource: DataSource, runner: QueryRunner, report: Report): Promise<void> {
  const tell = (detail: string) => report({ rule: 'SCHEMA', detail });
  const { entityMetadatas, driver } = dataSource;
  // TypeORM's own comparison, which takes a connection of the pool. What it would drop is of others, an index of the operator's for example.
  const { upQueries } = await driver.createSchemaBuilder().log();
  for (const { query } of upQueries)
    if (!query.startsWith('DROP INDEX')) tell(`to be as it should it would need: ${query}`);
  for (const detail of await missingIndexes(runner, entityMetadatas)) tell(detail);
  for (const detail of await outOfForce(runner, entityMetadatas)) tell(detail);
  try {
    for (const detail of await weakened(runner, entityMetadatas)) tell(detail);
  } catch (error) {
    if (!CANNOT_COMPARE.includes(sqlState(error) ?? '')) throw error;
  }
}

const COLUMNS_OF_INDEX = `
  (SELECT string_agg(attname, ', ' ORDER BY place) FROM unnest(i.indkey) WITH ORDINALITY AS key(attnum, place)
     JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum)`;

/** TypeORM compares none that it can't make itself. */
async function missingIndexes(runner: QueryRunner, entities: readonly EntityMetadata[]): Promise<string[]> {
  const names = entities.flatMap(({ indices }) =>
    indices.flatMap(({ name, synchronize }) => (synchronize ? [] : [name])),
  );
  const rows = await runner.manager.query<{ name: string }[]>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(format('%I', name)) IS NULL`,
    [names],
  );
  return rows.map(({ name }) => `the index ${name} is missing`);
}

/** What is there but does not act, and what acts but is not ours. */
async function outOfForce(runner: QueryRunner, entities: readonly EntityMetadata[]): Promise<string[]> {
  const rows = await runner.manager.query<{ detail: string }[]>(
    `WITH ours AS (SELECT format('%I', name)::regclass AS oid FROM unnest($1::text[]) AS name
                    WHERE to_regclass(format('%I', name)) IS NOT NULL)
     SELECT format('the trigger %s of %s is switched off', tgname, tgrelid::regclass) AS detail
       FROM pg_trigger JOIN ours ON tgrelid = ours.oid WHERE tgisinternal AND tgenabled <> 'O'
     UNION ALL
     SELECT format('%s has a trigger that no migration makes: %s', tgrelid::regclass, tgname)
       FROM pg_trigger JOIN ours ON tgrelid = ours.oid WHERE NOT tgisinternal
     UNION ALL
     SELECT format('%s has a rule that no migration makes: %s', ev_class::regclass, rulename)
       FROM pg_rewrite JOIN ours ON ev_class = ours.oid
     UNION ALL
     SELECT format('%s has row-level security, which hides rows', c.oid::regclass)
       FROM pg_class AS c JOIN ours USING (oid) WHERE relrowsecurity
     UNION ALL
     SELECT format('the rows of %s are also rows of %s', inhrelid::regclass, inhparent::regclass)
       FROM pg_inherits JOIN ours ON inhparent = ours.oid JOIN pg_class AS c ON c.oid = ours.oid WHERE relkind <> 'p'
     UNION ALL
     SELECT format('the index %s is not valid', indexrelid::regclass)
       FROM pg_index JOIN ours ON indrelid = ours.oid WHERE NOT (indisvalid AND indisready AND indislive)
     UNION ALL
     SELECT format('the foreign key %s is not enforced', conname)
       FROM pg_constraint JOIN ours ON conrelid = ours.oid WHERE contype = 'f' AND NOT convalidated`,
    [entities.map(({ tableName }) => tableName)],
  );
  return rows.map(({ detail }) => detail);
}

/** Checks and indexes that have the right name and say something else. */
async function weakened(runner: QueryRunner, entities: readonly EntityMetadata[]): Promise<string[]> {
  const found: string[] = [];
  await runner.startTransaction();
  try {
    for (const { tableName, checks, indices } of entities) {
      await runner.query(`CREATE TEMPORARY TABLE wanted (LIKE "${tableName}")`);
      for (const { name, expression } of checks) {
        await runner.query(`ALTER TABLE wanted ADD CONSTRAINT "${name}" CHECK (${expression})`);
      }
      for (const { name, columns, isUnique, where } of indices.filter(({ synchronize }) => synchronize)) {
        const quoted = columns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
        await runner.query(
          `CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX "${name}" ON wanted (${quoted})${where ? ` WHERE ${where}` : ''}`,
        );
      }
      const rows = await runner.manager.query<{ detail: string }[]>(
        `WITH checks AS (SELECT conrelid, conname AS name, pg_get_expr(conbin, conrelid) AS says
                           FROM pg_constraint WHERE contype = 'c'),
              indexes AS (SELECT indrelid, relname AS name, indisunique AS is_unique, ${COLUMNS_OF_INDEX} AS columns,
                                 pg_get_expr(indpred, indrelid) AS predicate
                            FROM pg_index AS i JOIN pg_class AS c ON c.oid = indexrelid)
         SELECT format('the check %s says %s', wanted.name, stored.says) AS detail
           FROM checks AS wanted JOIN checks AS stored ON stored.conrelid = $1::regclass AND stored.name = wanted.name
          WHERE wanted.conrelid = 'wanted'::regclass AND wanted.says <> stored.says
         UNION ALL
         SELECT format('the index %s is unique: %s, over %s, where %s', wanted.name, stored.is_unique, stored.columns,
                       coalesce(stored.predicate, 'true'))
           FROM indexes AS wanted JOIN indexes AS stored ON stored.indrelid = $1::regclass AND stored.name = wanted.name
          WHERE wanted.indrelid = 'wanted'::regclass
            AND (wanted.is_unique, wanted.columns, wanted.predicate)
                IS DISTINCT FROM (stored.is_unique, stored.columns, stored.predicate)`,
        [`"${tableName}"`],
      );
      found.push(...rows.map(({ detail }) => detail));
      await runner.query('DROP TABLE wanted');
    }
  } finally {
    await runner.rollbackTransaction();
  }
  return found;
}
