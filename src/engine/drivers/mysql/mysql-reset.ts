import type { Connection, RowDataPacket } from "mysql2/promise";
import {
  alterDatabase,
  createObjects,
  dropObjects,
  isReadOnly,
  keyOf,
  readObjects,
  tableOf,
  titleOf,
} from "./mysql-objects.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import type { Counts } from "./mysql-counts.ts";
import { createMark, maybeChanged, noteCounts, readCounts } from "./mysql-counts.ts";
import { changedRows, copyRows, fillTable, knownTables, setNextId, untilWritten } from "./mysql-rows.ts";
import type { KnownTable } from "./mysql-rows.ts";
import { SYSTEM } from "./mysql-dialect.ts";
import { quoted } from "./mysql-server.ts";
import type { MySqlServer } from "./mysql-server.ts";
import { changedSettings, noteSettings, restoreSettings } from "./mysql-settings.ts";
import { isOfWorker } from "../worker-suffix.ts";
import type { ChangedSettings } from "./mysql-settings.ts";

/**
 * The database that holds the baseline: what the databases hold as statements, the rows as copies, and the global
 * variables. Only root sees it. It is part of a snapshot, so that a restored server has it from its first moment.
 */
const BASELINE = "stackspec_baseline";
const baselineOf = ({ suffix, baseline }: MySqlServer): string => `${BASELINE}${suffix}${baseline}`;

/** How often a reset may find something to bring back: what it brings back may take something else with it. */
const ROUNDS = 3;

/** True for a database with a suite's data: of this worker, where the server is shared. */
export function isOwn(schema: string, { suffix }: Pick<MySqlServer, "suffix">): boolean {
  if (SYSTEM.includes(schema) || schema.startsWith(BASELINE)) return false;
  return isOfWorker(schema, suffix);
}

/** Notes all that a server holds: what `resetMySql` goes back to. */
export async function takeMySqlBaseline(server: MySqlServer): Promise<void> {
  const baseline = baselineOf(server);
  await server.asRoot(async (connection) => {
    await connection.query(`DROP DATABASE IF EXISTS ${baseline}`);
    await connection.query(`CREATE DATABASE ${baseline}`);
    await server.dialect.prepare?.(connection, (schema) => isOwn(schema, server));
    await createMark(connection, baseline);
    const counts = await readCounts(connection, server.dialect);
    const objects = await objectsOf(connection, server);
    const tables = objects.filter(({ kind }) => kind === "table");
    // What was written before the counts were read is there when it is copied.
    const isSettled = await untilWritten(connection, tables);
    await connection.query(
      `CREATE TABLE ${baseline}.objects (id INT AUTO_INCREMENT PRIMARY KEY, kind VARCHAR(64), \`schema\` VARCHAR(64), name VARCHAR(64), \`table\` VARCHAR(64), definition LONGTEXT)`,
    );
    for (const { kind, schema, name, table, definition } of objects)
      await connection.query(`INSERT INTO ${baseline}.objects VALUES (NULL, ?)`, [
        [kind, schema, name, table, definition],
      ]);
    const same = await copyRows(connection, baseline, tables, server.dialect);
    if (isSettled) await noteCounts(connection, baseline, { counts, tables: same, same, rows: [], missing: [] });
    if (!server.shared) await noteSettings(connection, baseline, server.dialect);
  });
}

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
        : server.asRoot((connection) => changedSettings(connection, baselineOf(server), server.dialect), "settings"),
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
      await restoreSettings(connection, baselineOf(server), settings);
      await noteCounts(connection, baselineOf(server), difference);
      await repair(connection, server, difference);
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
  readonly tables: readonly KnownTable[];
  /** What is there and was not, or was another; and what was there and is not, or is another. */
  readonly stale: readonly DatabaseObject[];
  readonly missing: readonly DatabaseObject[];
  /** The tables that are what they were, but for their rows; and but for their next ids. */
  readonly rows: readonly KnownTable[];
  readonly nextIds: readonly KnownTable[];
  /** Those that were looked at, and have the rows that they had when these counts were read. */
  readonly same: readonly KnownTable[];
  readonly counts: Counts;
}

function objectsOf(connection: Connection, server: MySqlServer): Promise<DatabaseObject[]> {
  return readObjects(connection, (schema) => isOwn(schema, server), baselineOf(server));
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
  const rows = await changedRows(connection, suspects);
  const same = suspects.filter((known) => !rows.includes(known));
  const ids = new Map(now.filter(({ kind }) => kind === "table").map((object) => [tableOf(object), object.nextId]));
  const nextIds = there.filter((known) => {
    const next = ids.get(tableOf(known));
    return next !== undefined && next !== known.nextId;
  });
  return { baseline, now, tables, stale: without(now, baseline), missing, rows, nextIds, same, counts };
}

async function repair(connection: Connection, server: MySqlServer, difference: Difference): Promise<void> {
  const { baseline, now, tables, stale, missing, rows, nextIds } = difference;
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
  const made = new Set(missing.filter(({ kind }) => kind === "table").map(tableOf));
  const filled = tables.filter((known) => rows.includes(known) || made.has(tableOf(known)));
  for (const known of filled) await fillTable(connection, baselineOf(server), known);
  for (const known of nextIds) await setNextId(connection, known);
  await createObjects(connection, [
    ...baseline.filter(isTrigger),
    ...others(missing).filter(({ kind }) => kind !== "sequence" && kind !== "table"),
  ]);
  for (const { schema } of baseline.filter(isReadOnly))
    await connection.query(`ALTER DATABASE ${quoted(schema)} READ ONLY = 1`);
}
