import { escape } from "mysql2/promise";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SYSTEM } from "./mysql-dialect.ts";
import { SESSION, quoted } from "./mysql-server.ts";

/**
 * What a database can hold, each after what it may need: in this order they are made, and dropped the other way round.
 * Sequences and packages are MariaDB's.
 */
export const KINDS = [
  "database",
  "sequence",
  "table",
  "trigger",
  "function",
  "procedure",
  "package",
  "package body",
  "view",
  "event",
] as const;

/** One thing that a server holds, by the statement that makes it. */
export interface DatabaseObject {
  readonly kind: (typeof KINDS)[number];
  readonly schema: string;
  readonly name: string;
  /** The table of a table or a trigger; "" for others. */
  readonly table: string;
  /** Equal for two that are the same: JSON of `Definition`. */
  readonly definition: string;
  /** A table's next AUTO_INCREMENT value; "1" for others. */
  readonly nextId: string;
}

/** What SHOW CREATE tells. `mode` to `zone` are of the session that made it, and decide what its text means. */
interface Definition {
  readonly sql: string;
  readonly mode?: string;
  readonly client?: string;
  readonly collation?: string;
  readonly zone?: string;
  readonly databaseCollation?: string;
  /** Where a trigger is among those for the same event of its table. */
  readonly position?: number;
  /** The row of a sequence: where it is. */
  readonly state?: readonly string[];
}

const OBJECTS = [
  "SELECT 'database' AS kind, SCHEMA_NAME AS s, SCHEMA_NAME AS name, '' AS `table`, 0 AS position FROM information_schema.SCHEMATA",
  "SELECT IF(TABLE_TYPE IN ('VIEW', 'SEQUENCE'), LOWER(TABLE_TYPE), 'table'), TABLE_SCHEMA, TABLE_NAME, TABLE_NAME, 0 FROM information_schema.TABLES",
  "SELECT 'trigger', TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER FROM information_schema.TRIGGERS",
  "SELECT LOWER(ROUTINE_TYPE), ROUTINE_SCHEMA, ROUTINE_NAME, '', 0 FROM information_schema.ROUTINES",
  "SELECT 'event', EVENT_SCHEMA, EVENT_NAME, '', 0 FROM information_schema.EVENTS",
].map((select) => `${select} WHERE ${/ (\w+_SCHEMA|SCHEMA_NAME)\b/.exec(select)![1]} NOT IN (${escape(SYSTEM)})`);

/**
 * All that the databases of a server hold, but for rows. The triggers of a table come in their order.
 *
 * @param isOwn which databases count
 * @param current a database without views: SHOW CREATE VIEW leaves out the name of the current one
 */
export async function readObjects(
  connection: Connection,
  isOwn: (schema: string) => boolean,
  current: string,
): Promise<DatabaseObject[]> {
  // Prepared once: the views of information_schema are long.
  const [listed] = await connection.execute<RowDataPacket[]>(OBJECTS.join(" UNION ALL "));
  const own = listed.filter(({ s }) => isOwn(s as string)).toSorted((a, b) => a["position"] - b["position"]);
  const shows = own.map(({ kind, s, name }) => `SHOW CREATE ${kind} ${nameOf(kind, s, name)}`);
  const [[, ...shown]] = await connection.query<RowDataPacket[][]>([`USE ${current}`, ...shows, "DO 0"].join("; "));
  const states = await readStates(connection, own);
  return own.map(({ kind, s, name, table, position }, index) => {
    const row = shown[index]![0]!;
    const told = row[Object.keys(row).find((key) => key.startsWith("Create ") || key === "SQL Original Statement")!];
    // The comments of columns cannot be taken for it: a line break in them is told as "\n".
    const [, start, nextId = "1"] = /^(\) .*?ENGINE=\w+) AUTO_INCREMENT=(\d+)/m.exec(told) ?? [];
    const sql =
      kind === "table" && start !== undefined ? told.replace(`${start} AUTO_INCREMENT=${nextId}`, start) : told;
    const definition: Definition = {
      sql,
      mode: row["sql_mode"],
      client: row["character_set_client"],
      collation: row["collation_connection"],
      zone: row["time_zone"],
      databaseCollation: row["Database Collation"],
      ...(position > 0 && { position }),
      ...(kind === "sequence" && { state: states.get(nameOf(kind, s, name))! }),
    };
    return { kind, schema: s, name, table, definition: JSON.stringify(definition), nextId };
  });
}

async function readStates(connection: Connection, own: readonly RowDataPacket[]): Promise<Map<string, string[]>> {
  const states = new Map<string, string[]>();
  for (const { kind, s, name } of own) {
    if (kind !== "sequence") continue;
    const sql = `SELECT * FROM ${nameOf(kind, s, name)}`;
    const [[row]] = await connection.query<RowDataPacket[]>({ sql, supportBigNumbers: true, bigNumberStrings: true });
    states.set(nameOf(kind, s, name), Object.values(row!).map(String));
  }
  return states;
}

/** What tells objects apart; and a table from the others, with which it never shares a name. */
export const keyOf = ({ kind, schema, name }: DatabaseObject): string => JSON.stringify([kind, schema, name]);
export const tableOf = ({ schema, table }: Pick<DatabaseObject, "schema" | "table">): string =>
  JSON.stringify([schema, table]);
/** "view shop.cheap". */
export const titleOf = ({ kind, schema, name }: DatabaseObject): string =>
  `${kind} ${kind === "database" ? name : `${schema}.${name}`}`;

const nameOf = (kind: string, schema: string, name: string): string =>
  kind === "database" ? quoted(name) : quoted(schema, name);

/** Drops objects, those first that need others. */
export async function dropObjects(connection: Connection, objects: readonly DatabaseObject[]): Promise<void> {
  for (const kind of KINDS.toReversed())
    for (const object of objects)
      if (object.kind === kind) await connection.query(`DROP ${kind} ${nameOf(kind, object.schema, object.name)}`);
}

/**
 * Makes objects as they were, of the kinds that are given. Those that need each other, as views do, may come in any order.
 *
 * @throws Error naming one that cannot be made, with the code of the server's own error
 */
export async function createObjects(connection: Connection, objects: readonly DatabaseObject[]): Promise<void> {
  let waiting = objects.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  while (waiting.length > 0) {
    const failed: { object: DatabaseObject; error: Error & { code?: string } }[] = [];
    for (const object of waiting)
      await createObject(connection, object).catch((error: Error) => failed.push({ object, error }));
    if (failed.length === waiting.length) {
      const { object, error } = failed[0]!;
      throw Object.assign(new Error(`the ${titleOf(object)}: ${error.message}`, { cause: error }), {
        code: error.code,
      });
    }
    waiting = failed.map(({ object }) => object);
  }
}

async function createObject(connection: Connection, { kind, schema, name, definition }: DatabaseObject): Promise<void> {
  const { sql, mode, client, collation, zone, state } = JSON.parse(definition) as Definition;
  if (kind !== "database") await connection.query(`USE ${quoted(schema)}`);
  const settings = { sql_mode: mode, character_set_client: client, collation_connection: collation, time_zone: zone };
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  if (set.length === 0) {
    await connection.query(sql);
    if (state !== undefined) await connection.query(`INSERT INTO ${quoted(schema, name)} VALUES (?)`, [state]);
    return;
  }
  await connection.query(`SET ${set.map(([variable, value]) => `${variable} = ${escape(value)}`).join(", ")}`);
  try {
    await connection.query(sql);
  } finally {
    await connection.query(SESSION);
  }
}

/** True for a database in which nothing can be changed. */
export const isReadOnly = ({ kind, definition }: DatabaseObject): boolean =>
  kind === "database" && definition.includes(" READ ONLY = 1 */");

/** Gives a database that is there the options that it had. */
export async function alterDatabase(connection: Connection, { definition }: DatabaseObject): Promise<void> {
  const { sql } = JSON.parse(definition) as Definition;
  // MariaDB keeps a comment that it is not told.
  const comment = sql.includes(" COMMENT '") ? "" : " /*M! COMMENT '' */";
  await connection.query(sql.replace(/^CREATE/, "ALTER") + comment);
}
