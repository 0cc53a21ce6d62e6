import type { Connection, RowDataPacket } from "mysql2/promise";
import { quoted } from "./mysql-server.ts";
import type { MySqlServer } from "./mysql-server.ts";

/** What the names of a parallel worker's databases end with on a server that it shares. */
export function workerSuffix(worker: number): string {
  return worker === 0 ? "" : `__worker_${worker}`;
}

/**
 * The database that holds the baseline: a copy of every table, and of its definition. Only root sees it. It is part
 * of a snapshot, so that a restored server has it from its first moment.
 */
const BASELINE = "stackspec_baseline";
const baselineOf = ({ suffix }: MySqlServer): string => `${BASELINE}${suffix}`;
const SYSTEM = ["mysql", "sys", "performance_schema", "information_schema"];

/** True for a database with a suite's data: of this worker, where the server is shared. */
export function isOwn(schema: string, { suffix }: Pick<MySqlServer, "suffix">): boolean {
  if (SYSTEM.includes(schema) || schema.startsWith(BASELINE)) return false;
  return suffix === "" ? !/__worker_\d+$/.test(schema) : schema.endsWith(suffix);
}

interface BaselineTable extends RowDataPacket {
  readonly schema_name: string;
  readonly table_name: string;
  readonly copy: string;
  readonly ddl: string;
  readonly columns: string;
  readonly next_id: number | null;
}

/** Copies every table as it is now: what `resetMySql` goes back to. */
export async function takeMySqlBaseline(server: MySqlServer): Promise<void> {
  const baseline = baselineOf(server);
  await server.asRoot(async (connection) => {
    await connection.query(`DROP DATABASE IF EXISTS ${baseline}`);
    await connection.query(`CREATE DATABASE ${baseline}`);
    await connection.query(
      `CREATE TABLE ${baseline}.tables (schema_name VARCHAR(64), table_name VARCHAR(64), copy VARCHAR(64), ddl LONGTEXT, columns LONGTEXT, next_id BIGINT UNSIGNED)`,
    );
    for (const [index, { schema, table, nextId }] of (await tablesOf(connection, server)).entries()) {
      const name = quoted(schema, table);
      const copy = quoted(baseline, `copy_${index}`);
      const columns = await storedColumns(connection, schema, table);
      await connection.query(`CREATE TABLE ${copy} LIKE ${name}`);
      await connection.query(`INSERT INTO ${copy} (${columns}) SELECT ${columns} FROM ${name}`);
      const ddl = await definitionOf(connection, schema, table);
      await connection.query(`INSERT INTO ${baseline}.tables VALUES (?, ?, ?, ?, ?, ?)`, [
        schema,
        table,
        `copy_${index}`,
        ddl,
        columns,
        nextId,
      ]);
    }
  });
}

/**
 * Brings every table back to the baseline: rows, next ids, definitions; tables that were added go. Touches only what
 * has changed. Views, routines and users stay as they are.
 */
export async function resetMySql(server: MySqlServer): Promise<void> {
  await server.asRoot(async (connection) => {
    const [baseline] = await connection.query<BaselineTable[]>(`SELECT * FROM ${baselineOf(server)}.tables`);
    const now = await tablesOf(connection, server);
    for (const { schema, table } of now)
      if (!baseline.some((known) => known.schema_name === schema && known.table_name === table))
        await connection.query(`DROP TABLE ${quoted(schema, table)}`);
    for (const known of baseline) {
      const found = now.find(({ schema, table }) => schema === known.schema_name && table === known.table_name);
      await resetTable(connection, server, known, found);
    }
  });
}

async function resetTable(
  connection: Connection,
  server: MySqlServer,
  known: BaselineTable,
  found: Table | undefined,
): Promise<void> {
  const name = quoted(known.schema_name, known.table_name);
  const copy = quoted(baselineOf(server), known.copy);
  const sameDefinition =
    found !== undefined && (await definitionOf(connection, found.schema, found.table)) === known.ddl;
  if (sameDefinition && found.nextId === known.next_id && (await sameRows(connection, name, copy))) return;
  if (sameDefinition) await connection.query(`TRUNCATE TABLE ${name}`);
  else {
    if (found !== undefined) await connection.query(`DROP TABLE ${name}`);
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoted(known.schema_name)}`);
    await connection.query(`USE ${quoted(known.schema_name)}`);
    await connection.query(known.ddl);
  }
  await connection.query(`INSERT INTO ${name} (${known.columns}) SELECT ${known.columns} FROM ${copy}`);
  if (known.next_id !== null && known.next_id > 1)
    await connection.query(`ALTER TABLE ${name} AUTO_INCREMENT = ${known.next_id}`);
}

interface Table {
  readonly schema: string;
  readonly table: string;
  /** The next AUTO_INCREMENT value; null for a table without one. */
  readonly nextId: number | null;
}

async function tablesOf(connection: Connection, server: MySqlServer): Promise<Table[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, AUTO_INCREMENT AS n FROM information_schema.TABLES
     WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN (?)`,
    [SYSTEM],
  );
  return rows
    .map(({ s, t, n }) => ({ schema: s as string, table: t as string, nextId: n as number | null }))
    .filter(({ schema }) => isOwn(schema, server));
}

/** Columns that can be written: generated ones are made again from them. */
async function storedColumns(connection: Connection, schema: string, table: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND GENERATION_EXPRESSION = '' ORDER BY ORDINAL_POSITION",
    [schema, table],
  );
  return rows.map(({ c }) => quoted(c as string)).join(", ");
}

async function definitionOf(connection: Connection, schema: string, table: string): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE ${quoted(schema, table)}`);
  return (row!["Create Table"] as string).replace(/ AUTO_INCREMENT=\d+/, "");
}

async function sameRows(connection: Connection, ...names: string[]): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${names.join(", ")}`);
  return rows[0]!["Checksum"] === rows[1]!["Checksum"];
}
