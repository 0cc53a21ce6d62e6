import { escape, escapeId } from "mysql2/promise";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Dialect } from "./mysql-dialect.ts";
import type { MySqlServer } from "./mysql-server.ts";

/** A global variable that is not what it was. */
export interface ChangedGlobal {
  readonly name: string;
  /** What it was; null for one that was not persisted, or had no value. */
  readonly value: string | null;
  /** It was set, or removed, by SET PERSIST, for the server's next start. */
  readonly persisted: boolean;
}

/** What belongs to a whole server, and is not as it was noted. */
export interface ChangedSettings {
  readonly globals: readonly ChangedGlobal[];
  /** Tables of the database `mysql`. */
  readonly tables: readonly string[];
}

/** Notes users, grants and global variables in a database. */
export async function noteSettings(connection: Connection, baseline: string, dialect: Dialect): Promise<void> {
  const { globals, persisted, accounts } = dialect;
  await connection.query(`CREATE TABLE ${baseline}.globals ENGINE=InnoDB ${globals}`);
  if (persisted !== undefined) await connection.query(`CREATE TABLE ${baseline}.persisted ENGINE=InnoDB ${persisted}`);
  await connection.query(`CREATE TABLE ${baseline}.settings (name VARCHAR(64), content LONGTEXT)`);
  for (const name of accounts)
    await connection.query(`CREATE TABLE ${baseline}.setting_${name} ENGINE=InnoDB SELECT * FROM mysql.${name}`);
  for (const entry of await readSettings(connection, dialect))
    await connection.query(`INSERT INTO ${baseline}.settings VALUES (?)`, [entry]);
}

/** All rows of the tables, and what is watched, as texts. */
async function readSettings(
  connection: Connection,
  { accounts, persisted, watched }: Dialect,
): Promise<Map<string, string>> {
  const all = [
    ...accounts.map((name) => [name, `SELECT * FROM mysql.${name}`] as const),
    ...(persisted === undefined ? [] : [["persisted", persisted] as const]),
    ...Object.entries(watched),
  ];
  const [answers] = await connection.query<RowDataPacket[][]>(all.map(([, query]) => query).join("; "));
  return new Map(all.map(([name], index) => [name, JSON.stringify(answers[index]!.map(asText).toSorted())]));
}

const asText = (row: RowDataPacket): string => JSON.stringify(row);

/**
 * What of a whole server is not as it was noted.
 *
 * @throws Error naming what cannot be brought back
 */
export async function changedSettings(
  connection: Connection,
  baseline: string,
  { dialect, unsettable }: Pick<MySqlServer, "dialect" | "unsettable">,
): Promise<ChangedSettings> {
  const now = await readSettings(connection, dialect);
  const [noted] = await connection.query<RowDataPacket[]>(`SELECT name, content FROM ${baseline}.settings`);
  const changed = noted.filter(({ name, content }) => now.get(name) !== content).map(({ name }) => name as string);
  const lost = changed.filter((name) => name in dialect.watched);
  if (lost.length > 0) throw new Error(`a ${lost.join(" and a ")} was added, changed or removed`);
  const persisted = changed.includes("persisted")
    ? await changedPersisted(connection, baseline, dialect.persisted!)
    : [];
  const globals = await changedGlobals(connection, baseline, dialect);
  return {
    globals: [...globals.filter(({ name }) => !unsettable.has(name)), ...persisted],
    tables: dialect.accounts.filter((name) => changed.includes(name)),
  };
}

/**
 * Brings back what belongs to a whole server.
 *
 * @throws Error naming a global variable that the server does not take back
 */
export async function restoreSettings(
  connection: Connection,
  baseline: string,
  { globals, tables }: ChangedSettings,
  { unsettable }: Pick<MySqlServer, "unsettable">,
): Promise<void> {
  for (const global of globals) if (!(await setGlobal(connection, global))) unsettable.add(global.name);
  for (const name of tables)
    await connection.query(
      `START TRANSACTION; DELETE FROM mysql.${name}; INSERT INTO mysql.${name} SELECT * FROM ${baseline}.setting_${name}; COMMIT`,
    );
  if (tables.length > 0) await connection.query("FLUSH PRIVILEGES");
}

async function changedGlobals(
  connection: Connection,
  baseline: string,
  { globals }: Dialect,
): Promise<ChangedGlobal[]> {
  // The names of some files have the name of the host in them, which is another one for a server that was restored.
  const [changed] = await connection.query<(ChangedGlobal & RowDataPacket)[]>(
    `SELECT was.name, was.value, FALSE AS persisted FROM (${globals}) AS now STRAIGHT_JOIN ${baseline}.globals AS was
       ON was.name = now.name WHERE NOT BINARY now.value <=> BINARY was.value AND NOT BINARY REPLACE(now.value, @@hostname, '')
       <=> BINARY REPLACE(was.value, (SELECT value FROM ${baseline}.globals WHERE name = 'hostname'), '')`,
  );
  return changed;
}

async function changedPersisted(connection: Connection, baseline: string, persisted: string): Promise<ChangedGlobal[]> {
  const [changed] = await connection.query<(ChangedGlobal & RowDataPacket)[]>(
    `SELECT name, was.value, TRUE AS persisted FROM (${persisted}) AS now LEFT JOIN ${baseline}.persisted AS was USING (name)
       WHERE NOT BINARY was.value <=> BINARY now.value
     UNION SELECT name, was.value, TRUE FROM ${baseline}.persisted AS was LEFT JOIN (${persisted}) AS now USING (name)
       WHERE now.value IS NULL`,
  );
  return changed;
}

/** Resolves with whether anybody can set it: some differ from one start of a server to the next. */
async function setGlobal(connection: Connection, { name, value, persisted }: ChangedGlobal): Promise<boolean> {
  const variable = escapeId(name, true);
  if (persisted && value === null) {
    await connection.query(`RESET PERSIST IF EXISTS ${variable}`);
    return true;
  }
  const set = `SET ${persisted ? "PERSIST_ONLY" : "GLOBAL"} ${variable} = `;
  try {
    // Most are told as text; a number must not be one.
    await connection.query(set + escape(value)).catch((error: { code?: string }) => {
      if (error.code !== "ER_WRONG_TYPE_FOR_VAR") throw error;
      return connection.query(set + value);
    });
    return true;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code !== "ER_INCORRECT_GLOBAL_LOCAL_VAR")
      throw new Error(`the global variable ${name} cannot be set to "${value}" again: ${message}`, { cause: error });
    return false;
  }
}
