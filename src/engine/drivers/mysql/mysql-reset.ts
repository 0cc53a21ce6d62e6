import type { Connection, RowDataPacket } from "mysql2/promise";
import { baselineOf, objectsOf } from "./mysql-baseline.ts";
import { knownTables } from "./mysql-copies.ts";
import type { KnownTable } from "./mysql-copies.ts";
import { countsOf, maybeChanged, noteCounts, noteMark, readCounts } from "./mysql-counts.ts";
import type { Counts } from "./mysql-counts.ts";
import { alterDatabase, createObjects, dropObjects, isReadOnly, keyOf, tableOf, titleOf } from "./mysql-objects.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import { changedRows, fillTable, setNextId } from "./mysql-rows.ts";
import { quoted } from "./mysql-server.ts";
import type { MySqlServer } from "./mysql-server.ts";
import { changedSettings, restoreSettings } from "./mysql-settings.ts";
import type { ChangedSettings } from "./mysql-settings.ts";

/** How often a reset may find something to bring back: what it brings back may take something else with it. */
const ROUNDS = 3;

/**
 * Brings a server back to the baseline: databases with their options, tables with rows, next ids and triggers, views,
 * routines, events; on a server that is not shared also users, roles, grants and global variables. Touches only what has
 * changed.
 *
 * @throws Error naming what cannot be brought back
 */
export async function resetMySql(server: MySqlServer): Promise<void> {
  for (let round = 1; ; round += 1) {
    const [settings, difference] = await Promise.all([
      server.shared
        ? UNCHANGED
        : server.asRoot((connection) => changedSettings(connection, baselineOf(server), server), "settings"),
      server.asRoot((connection) => differenceOf(connection, server)),
    ]);
    const { stale, missing, rows, nextIds, same } = difference;
    const changed = [
      ...new Set([...stale, ...missing].map(titleOf)),
      ...settings.globals.map(({ name }) => `global variable ${name}`),
      ...settings.tables.map((name) => `mysql.${name}`),
    ];
    if ([changed, rows, nextIds, same].every(({ length }) => length === 0)) return;
    if (round > ROUNDS) throw new Error(`still not as it was after ${ROUNDS} attempts: ${changed.join(", ")}`);
    await server.asRoot(async (connection) => {
      await restoreSettings(connection, baselineOf(server), settings, server);
      const { counts, filled } = difference;
      const baseline = baselineOf(server);
      // A reset that is cut off leaves no count of what it was about to fill.
      await noteCounts(connection, baseline, [
        ...countsOf(same, counts),
        ...filled.map(({ copy }) => [copy, null] as const),
      ]);
      await noteMark(connection, baseline, counts);
      await noteCounts(connection, baseline, await repair(connection, server, difference));
    });
    // Rows are counted as they are put back: there is no need to read them again.
    if (changed.length === 0) return;
  }
}

const UNCHANGED: ChangedSettings = { globals: [], tables: [] };

/** What is not as the baseline has it. */
interface Difference {
  readonly baseline: readonly DatabaseObject[];
  readonly now: readonly DatabaseObject[];
  /** What is there and was not, or was another; and what was there and is not, or is another. */
  readonly stale: readonly DatabaseObject[];
  readonly missing: readonly DatabaseObject[];
  /** The tables that are what they were, but for their rows; and but for their next ids. */
  readonly rows: readonly KnownTable[];
  readonly nextIds: readonly KnownTable[];
  /** Those that get the rows of their copies: these, and those that are missing. */
  readonly filled: readonly KnownTable[];
  /** Those that were looked at, and have the rows that they had when these counts were read. */
  readonly same: readonly KnownTable[];
  readonly counts: Counts;
}

async function differenceOf(connection: Connection, server: MySqlServer): Promise<Difference> {
  const name = baselineOf(server);
  const counts = await readCounts(connection, server.dialect);
  const [objects] = await connection.query<RowDataPacket[]>(`SELECT * FROM ${name}.objects ORDER BY id`);
  const baseline = objects as unknown as DatabaseObject[];
  const tables = await knownTables(connection, name);
  const now = await objectsOf(connection, server);
  const without = (all: readonly DatabaseObject[], others: readonly DatabaseObject[]): DatabaseObject[] => {
    const known = new Map(others.map((object) => [keyOf(object), object.definition]));
    return all.filter((object) => known.get(keyOf(object)) !== object.definition);
  };
  const missing = without(baseline, now);
  const gone = new Set(missing.flatMap((object) => (object.kind === "table" ? [tableOf(object)] : [])));
  const there = tables.filter(({ schema, table }) => !gone.has(tableOf({ schema, table })));
  const suspects = await maybeChanged(connection, name, there, counts);
  const rows = await changedRows(connection, suspects.tables, suspects.written);
  const filled = tables.filter((known) => rows.includes(known) || gone.has(tableOf(known)));
  const same = suspects.tables.filter((known) => !rows.includes(known));
  const ids = new Map(now.filter(({ kind }) => kind === "table").map((object) => [tableOf(object), object.nextId]));
  const nextIds = there.filter((known) => {
    const next = ids.get(tableOf(known));
    return next !== undefined && next !== known.nextId;
  });
  return { baseline, now, stale: without(now, baseline), missing, rows, nextIds, filled, same, counts };
}

/** Brings back what is not as it was. Returns how often each table that it has filled has been written by then, by its copy. */
async function repair(
  connection: Connection,
  server: MySqlServer,
  { baseline, now, stale, missing, rows, nextIds, filled }: Difference,
): Promise<[string, string][]> {
  const databases = new Map(
    baseline.filter(({ kind }) => kind === "database").map((object) => [object.schema, object]),
  );
  const exists = new Set(now.filter(({ kind }) => kind === "database").map(({ schema }) => schema));
  for (const { schema } of now.filter(isReadOnly))
    await connection.query(`ALTER DATABASE ${quoted(schema)} READ ONLY = 0`);

  // Triggers would fire for rows that come back. They come back with their table, all of them: each has its place.
  const refilled = new Set([
    ...[...stale, ...missing].filter(({ kind }) => kind === "table" || kind === "trigger").map(tableOf),
    ...rows.map(({ schema, table }) => tableOf({ schema, table })),
  ]);
  const isTrigger = (object: DatabaseObject): boolean => object.kind === "trigger" && refilled.has(tableOf(object));
  const others = (objects: readonly DatabaseObject[]): DatabaseObject[] =>
    objects.filter(({ kind }) => kind !== "database" && kind !== "trigger");
  const added = stale.filter(({ kind, schema }) => kind === "database" && !databases.has(schema));
  const kept = (object: DatabaseObject): boolean => databases.has(object.schema);
  await dropObjects(connection, [...added, ...others(stale).filter(kept), ...now.filter(isTrigger).filter(kept)]);

  for (const database of missing.filter(({ kind }) => kind === "database"))
    await (exists.has(database.schema) ? alterDatabase(connection, database) : createObjects(connection, [database]));
  await createObjects(
    connection,
    missing.filter(({ kind }) => kind === "sequence" || kind === "table"),
  );
  const counts: [string, string][] = [];
  for (const known of filled) {
    const count = await fillTable(connection, baselineOf(server), known, server.dialect);
    if (count !== undefined) counts.push([known.copy, count]);
  }
  for (const known of nextIds) await setNextId(connection, known);
  await createObjects(connection, [
    ...baseline.filter(isTrigger),
    ...others(missing).filter(({ kind }) => kind !== "sequence" && kind !== "table"),
  ]);
  for (const { schema } of baseline.filter(isReadOnly))
    await connection.query(`ALTER DATABASE ${quoted(schema)} READ ONLY = 1`);
  return counts;
}
