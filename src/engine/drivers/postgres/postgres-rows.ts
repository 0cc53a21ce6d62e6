import type { QueryResult } from "pg";
import { rangesOf } from "./postgres-changes.ts";
import type { KnownRelation } from "./postgres-relations.ts";
import { literal, rowsOf, runMade } from "./postgres-server.ts";
import type { Connection } from "./postgres-server.ts";

/**
 * Brings relations back that have been locked. Of a table only those rows are touched that have changed.
 *
 * @param blocks where a relation was written; undefined where that is not known
 */
export async function restoreRows(
  client: Connection,
  relations: readonly KnownRelation[],
  blocks: (relation: KnownRelation) => string | undefined,
): Promise<void> {
  const ids = relations.map(({ id }) => id);
  await runMade(
    client,
    `SELECT format('SELECT setval(%1$L, %2$L, %3$L) FROM %1$s WHERE (last_value, is_called, log_cnt) <> (%2$L, %3$L, 0)', name, counter, called) AS sql
       FROM ${client.schema}.relations WHERE kind = 'S' AND id = ANY ($1)`,
    [ids],
  );
  for (const view of relations) if (view.kind === "m") await restoreView(client, view);
  const tables = relations.filter(({ kind }) => kind === "r");
  const moved = await movedRows(client, tables, blocks);
  if (moved.length > 0) await quietly(client, tables, () => moveBack(client, moved));
  await client.query(
    `UPDATE ${client.schema}.relations SET filenode = relfilenode FROM pg_class c
       WHERE c.oid = relations.oid AND filenode <> relfilenode AND id = ANY ($1)`,
    [ids],
  );
}

/** Rows of a table that are not as they were: where there is one too many, and where one was. */
interface Moved {
  readonly table: KnownRelation;
  readonly wrong: readonly string[];
  readonly missing: readonly string[];
}

async function movedRows(
  client: Connection,
  tables: readonly KnownRelation[],
  blocks: (table: KnownRelation) => string | undefined,
): Promise<Moved[]> {
  if (tables.length === 0) return [];
  const selects = tables.map((table) => {
    const { id, name } = table;
    const written = blocks(table);
    const within = (place: string): string[] =>
      written === undefined
        ? ["true"]
        : rangesOf(written).map(([from, to]) => `${place} >= '(${from},0)' AND ${place} < '(${to},0)'`);
    const now = within("r.ctid").map(
      (condition) => `SELECT r.ctid AS place, (r.*)::text AS content FROM ONLY ${name} r WHERE ${condition}`,
    );
    const was = within("place").map(
      (condition) => `SELECT place, content FROM ${client.schema}.rows WHERE relation = ${id} AND ${condition}`,
    );
    return `SELECT ${id} AS id, array_remove(array_agg(now.place), NULL)::text[] AS wrong, array_remove(array_agg(was.place), NULL)::text[] AS missing
      FROM (${now.join(" UNION ALL ")}) now FULL JOIN (${was.join(" UNION ALL ")}) was
        ON now.place = was.place AND now.content COLLATE "C" = was.content COLLATE "C"
      WHERE now.place IS NULL OR was.place IS NULL HAVING count(*) > 0`;
  });
  const found = await rowsOf<{ id: number; wrong: string[]; missing: string[] }>(client, selects.join(" UNION ALL "));
  return found.map((moved) => ({ ...moved, table: tables.find(({ id }) => id === moved.id)! }));
}

async function moveBack(client: Connection, moved: readonly Moved[]): Promise<void> {
  const places = (list: readonly string[]): string => `ANY ('{${list.map((place) => `"${place}"`).join(",")}}'::tid[])`;
  for (const { table, wrong, missing } of moved) {
    const { id, name, columns } = table;
    // Rows that are wrong go first: one that comes back may have the key of one of them.
    if (wrong.length > 0)
      counted(table, wrong, await client.query(`DELETE FROM ONLY ${name} WHERE ctid = ${places(wrong)}`));
    if (missing.length === 0) continue;
    const insert =
      columns.length === 0
        ? "DEFAULT VALUES"
        : `(${columns.join(", ")}) OVERRIDING SYSTEM VALUE VALUES (${columns.map((column) => `(row).${column}`).join(", ")})`;
    counted(
      table,
      missing,
      await client.query(
        `WITH restored AS (
           MERGE INTO ONLY ${name} AS target
           USING (SELECT place, content::${name} AS row FROM ${client.schema}.rows
                  WHERE relation = ${id} AND place = ${places(missing)} ORDER BY place OFFSET 0) AS source ON false
           WHEN NOT MATCHED THEN INSERT ${insert} RETURNING source.place AS old, target.ctid AS new)
         UPDATE ${client.schema}.rows SET place = new FROM restored WHERE relation = ${id} AND place = old`,
      ),
    );
  }
}

function counted({ name }: KnownRelation, expected: readonly string[], { rowCount }: QueryResult): void {
  if (rowCount !== expected.length)
    throw new Error(`expected to bring back ${expected.length} rows of the table ${name}, it were ${rowCount}`);
}

/** Does some work while the triggers and rules of tables sleep, those too that would fire for a replica. */
async function quietly(client: Connection, tables: readonly KnownRelation[], work: () => Promise<void>): Promise<void> {
  const awake = await rowsOf<{ change: string; name: string; enabled: string }>(
    client,
    `SELECT 'ALTER TABLE ' || tgrelid::regclass AS change, 'TRIGGER ' || quote_ident(tgname) AS name, tgenabled AS enabled
       FROM pg_trigger WHERE tgenabled IN ('A', 'R') AND tgrelid = ANY ($1)
     UNION ALL SELECT 'ALTER TABLE ' || ev_class::regclass, 'RULE ' || quote_ident(rulename), ev_enabled
       FROM pg_rewrite WHERE ev_enabled IN ('A', 'R') AND ev_class = ANY ($1)`,
    [tables.map(({ oid }) => oid)],
  );
  for (const { change, name } of awake) await client.query(`${change} DISABLE ${name}`);
  await work();
  for (const { change, name, enabled } of awake)
    await client.query(`${change} ENABLE ${enabled === "A" ? "ALWAYS" : "REPLICA"} ${name}`);
}

/** Brings the rows of a materialized view back, which need not be those that its query would find now. */
async function restoreView(client: Connection, { id, oid, name, columns, populated }: KnownRelation): Promise<void> {
  if (!populated) return void (await client.query(`REFRESH MATERIALIZED VIEW ${name} WITH NO DATA`));
  // Its rows cannot be written as long as it is one.
  const become = (kind: string): string =>
    `UPDATE pg_class SET relkind = ${literal(kind)}, relispopulated = true WHERE oid = ${oid}`;
  await client.query(
    `${become("r")}; TRUNCATE ${name};
     INSERT INTO ${name} (${columns.join(", ")}) SELECT ${columns.map((column) => `(row).${column}`).join(", ")}
       FROM (SELECT content::${name} AS row FROM ${client.schema}.rows WHERE relation = ${id} ORDER BY place OFFSET 0) source;
     ${become("m")}`,
  );
}

/** Makes room where specs and resets have left more dead rows than there are others: in tests nobody else does. */
export async function vacuum(client: Connection): Promise<void> {
  const tables = await rowsOf<{ name: string }>(
    client,
    `SELECT oid::regclass AS name FROM pg_class
       WHERE relkind IN ('r', 'm') AND pg_stat_get_dead_tuples(oid) > 1000 + pg_stat_get_live_tuples(oid)`,
  );
  for (const { name } of tables) await client.query(`VACUUM (SKIP_LOCKED) ${name}`);
}
