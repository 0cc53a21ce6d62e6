import { BASELINE, rowsOf } from "./postgres-server.ts";
import type { Connection } from "./postgres-server.ts";

/** What holds rows, or counts, and where they were last seen. */
export interface KnownRelation {
  readonly id: number;
  readonly oid: number;
  /** With its schema, quoted. */
  readonly name: string;
  /** A table or partition, a materialized view, a sequence. */
  readonly kind: "r" | "m" | "S";
  /** Undefined where the file is another one than that whose rows are known. */
  readonly current: boolean;
  /** What is written to it is not in the log. */
  readonly unlogged: boolean;
  /** The columns that can be written, quoted. */
  readonly columns: readonly string[];
  /** A materialized view may have no rows yet. */
  readonly populated: boolean;
}

const OWN_RELATIONS = `relkind IN ('r', 'm', 'S') AND relpersistence <> 't' AND nspname !~ '^pg_'
  AND nspname <> 'information_schema' AND nspname !~ '^${BASELINE}'`;

/** Rows are kept as texts, by their place: what happens to their types and columns does not happen to them. */
export const rowTables = (schema: string): string[] => [
  `CREATE TABLE ${schema}.relations (id int PRIMARY KEY, oid oid, name text, kind "char", unlogged bool, filenode oid,
     columns text[], populated bool, counter text, called bool)`,
  `CREATE TABLE ${schema}.rows (relation int, place tid, content text)`,
];

/**
 * Keeps copies of all rows, and the counts of sequences. The tables are locked for others' writes until the end of the
 * transaction: what others have written in transactions that are open is waited for.
 */
export async function copyRows(client: Connection): Promise<KnownRelation[]> {
  await client.query(
    `INSERT INTO ${client.schema}.relations
       SELECT row_number() OVER (ORDER BY c.oid), c.oid, format('%I.%I', nspname, relname), relkind, relpersistence = 'u', relfilenode,
         ARRAY(SELECT quote_ident(attname) FROM pg_attribute
               WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum), relispopulated
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OWN_RELATIONS}`,
  );
  const relations = await knownRelations(client);
  await lockTables(client, relations);
  for (const { id, name, kind, populated } of relations)
    if (kind === "S")
      // The first value that is taken after a count was set is written to the log; 32 at once later.
      await client.query(
        `UPDATE ${client.schema}.relations SET (counter, called) = (SELECT last_value::text, is_called FROM ${name}) WHERE id = ${id};
         SELECT setval(oid::regclass, counter::bigint, called) FROM ${client.schema}.relations WHERE id = ${id}`,
      );
    else if (populated)
      await client.query(`INSERT INTO ${client.schema}.rows SELECT ${id}, r.ctid, (r.*)::text FROM ONLY ${name} r`);
  await client.query(`CREATE INDEX ON ${client.schema}.rows (relation, place); ANALYZE ${client.schema}.rows`);
  return relations;
}

/** What is known of the relations of a database. */
export function knownRelations(client: Connection): Promise<KnownRelation[]> {
  return rowsOf(
    client,
    `SELECT id, k.oid::int8::float8 AS oid, name, kind, unlogged, columns, k.populated,
       coalesce(c.relfilenode = filenode AND c.relispopulated = k.populated, false) AS current
     FROM ${client.schema}.relations k LEFT JOIN pg_class c ON c.oid = k.oid ORDER BY id`,
  );
}

/** Waits for transactions that write to tables, and keeps others from it until the end of this one. */
export async function lockTables(client: Connection, relations: readonly KnownRelation[]): Promise<void> {
  const names = relations.filter(({ kind }) => kind === "r").map(({ name }) => `ONLY ${name}`);
  if (names.length > 0) await client.query(`LOCK TABLE ${names.join(", ")} IN SHARE ROW EXCLUSIVE MODE`);
}
