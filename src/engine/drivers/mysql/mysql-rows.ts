import type { Connection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { matchingOf, mendRows } from "./mysql-differences.ts";
import type { Column, Matching } from "./mysql-differences.ts";
import { tableOf } from "./mysql-objects.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import type { Dialect } from "./mysql-dialect.ts";
import { isLockTimeout, quoted } from "./mysql-server.ts";

/** A table whose rows have been copied. */
export interface KnownTable {
  readonly schema: string;
  readonly table: string;
  /** The copy's name, in the baseline. */
  readonly copy: string;
  /** The columns that can be written: generated ones are made again from them. */
  readonly columns: string;
  /** How its rows are told apart: JSON of `Matching`. Null where they cannot be. */
  readonly matching: string | null;
  /** The query of the digest, and its answer when the copy was made. It begins with the number of rows. */
  readonly query: string;
  readonly digest: string;
  readonly nextId: string;
  /** How often its rows had been written when they were those of the copy: see `Counts`. Null where that is not known. */
  readonly count: string | null;
  /** 1 where its engine has them counted, all of them. */
  readonly counted: number;
  /** Tables by whose foreign keys its rows can be changed: JSON, as `tableOf` has them. */
  readonly parents: string;
}

const COUNTED = "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE ENGINE = 'InnoDB'";
const KEYS = `SELECT CONSTRAINT_SCHEMA AS s, TABLE_NAME AS t, UNIQUE_CONSTRAINT_SCHEMA AS ps, REFERENCED_TABLE_NAME AS pt
  FROM information_schema.REFERENTIAL_CONSTRAINTS
  WHERE DELETE_RULE NOT IN ('RESTRICT', 'NO ACTION') OR UPDATE_RULE NOT IN ('RESTRICT', 'NO ACTION')`;

/** Copies the rows of tables into a database, and notes there what is copied. */
export async function copyRows(
  connection: Connection,
  baseline: string,
  tables: readonly DatabaseObject[],
  { writable }: Dialect,
): Promise<KnownTable[]> {
  await connection.query(
    `CREATE TABLE ${baseline}.tables (\`schema\` VARCHAR(64), \`table\` VARCHAR(64), copy VARCHAR(64), columns LONGTEXT, matching LONGTEXT, query LONGTEXT, digest TEXT, nextId VARCHAR(20), count VARCHAR(20), counted INT, parents LONGTEXT)`,
  );
  const [[counted, keys]] = (await connection.query<RowDataPacket[][]>(`${COUNTED}; ${KEYS}`)) as unknown as [
    RowDataPacket[][],
  ];
  const isCounted = new Set(counted!.map(({ s, t }) => tableOf({ schema: s, table: t })));
  for (const [index, { schema, name, nextId, definition }] of tables.entries()) {
    const from = `${quoted(schema, name)}${isVersioned(definition) ? " FOR SYSTEM_TIME ALL" : ""}`;
    const [all] = await connection.query<RowDataPacket[]>(
      `SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND ${writable} ORDER BY ORDINAL_POSITION`,
      [schema, name],
    );
    const columns = all.map((column) => quoted(column["name"] as string)).join(", ");
    const copy = `copy_${index}`;
    // MariaDB does not write to a table that is locked without the sequence that it takes numbers from.
    const matching =
      isVersioned(definition) || definition.includes("nextval(")
        ? undefined
        : await matchingOf(connection, { schema, table: name }, all as unknown as Column[], comparable);
    const key = matching === undefined ? "" : ` (PRIMARY KEY (${matching.key.join(", ")}))`;
    // Without other keys and checks, and in an engine that keeps rows when a snapshot stops the server.
    await connection.query(`CREATE TABLE ${quoted(baseline, copy)}${key} ENGINE=InnoDB SELECT ${columns} FROM ${from}`);
    const values = all.map(({ name: column, type }) => comparable(quoted(column as string), type as string));
    if (isVersioned(definition)) values.push(endOfRow(definition));
    const query = `SELECT /*+ NO_MERGE(hashes) */ CONCAT_WS(' ', COUNT(*), COUNT(h), SUM(CAST(CONV(LEFT(h, 16), 16, 10) AS DECIMAL(20))), SUM(CAST(CONV(MID(h, 17, 16), 16, 10) AS DECIMAL(20)))) AS digest FROM (SELECT SHA2(CONCAT(${values.join(", ',', ")}), 256) AS h FROM ${from}) AS hashes`;
    const [[row]] = await connection.query<RowDataPacket[]>(query);
    await connection.query(`INSERT INTO ${baseline}.tables VALUES (?)`, [
      [
        schema,
        name,
        copy,
        columns,
        matching === undefined ? null : JSON.stringify(matching),
        query,
        row!["digest"],
        nextId,
        null,
        isCounted.has(tableOf({ schema, table: name })),
        JSON.stringify(
          keys!
            .filter(({ s, t }) => s === schema && t === name)
            .map(({ ps, pt }) => tableOf({ schema: ps, table: pt })),
        ),
      ],
    ]);
  }
  return knownTables(connection, baseline);
}

/** The tables that a baseline has copies of. */
export async function knownTables(connection: Connection, baseline: string): Promise<KnownTable[]> {
  const [tables] = await connection.query<RowDataPacket[]>(`SELECT * FROM ${baseline}.tables`);
  return tables as unknown as KnownTable[];
}

/** True for a table of MariaDB's that keeps the rows that it had. */
const isVersioned = (definition: string): boolean => definition.includes(" WITH SYSTEM VERSIONING");
/** The column that says until when a row was there. */
const endOfRow = (definition: string): string =>
  /(`(?:[^`]|``)+`) [^`]* GENERATED ALWAYS AS ROW END/.exec(definition)?.[1] ?? "ROW_END";

/**
 * A value as a text without a comma that no other value of its column has, whatever its collation takes for equal. Long
 * ones as a hash, for a text has a greatest length.
 */
function comparable(column: string, type: string): string {
  return `IF(${column} IS NULL, 'NULL', ${text()})`;

  function text(): string {
    if (/^(float|double)$/.test(type)) return `CAST(CAST(${column} AS DOUBLE) AS CHAR)`;
    // A member may be named like another's number, or like the empty text of a wrong one.
    if (/^(enum|set|bit)$/.test(type)) return `CAST(CAST(${column} AS UNSIGNED) AS CHAR)`;
    if (/int$|^(decimal|date|time|datetime|timestamp|year)$/.test(type)) return `CAST(${column} AS CHAR)`;
    // A date in JSON has the text of a string, but not its size.
    if (type === "json") return `CONCAT(JSON_STORAGE_SIZE(${column}), SHA2(CAST(${column} AS CHAR), 256))`;
    return `SHA2(${column}, 256)`;
  }
}

/**
 * The tables whose rows are not those of the copies. Waits for transactions that have written to them: what
 * they commit later would not be seen.
 */
export async function changedRows(connection: Connection, tables: readonly KnownTable[]): Promise<KnownTable[]> {
  if (tables.length === 0) return [];
  const [[, ...answers]] = await connection.query<RowDataPacket[][]>(
    [locking(tables), ...tables.map(({ query }) => query), "UNLOCK TABLES"].join("; "),
  );
  return tables.filter(({ digest }, index) => {
    const [rows, hashed] = digest.split(" ");
    return answers[index]![0]!["digest"] !== digest || rows !== hashed;
  });
}

/** Waits for transactions that have written to tables. False where one of them takes too long. */
export async function untilWritten(connection: Connection, tables: readonly DatabaseObject[]): Promise<boolean> {
  if (tables.length === 0) return true;
  try {
    await connection.query(`${locking(tables)}; UNLOCK TABLES`);
    return true;
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    return false;
  }
}

const locking = (tables: readonly Pick<KnownTable, "schema" | "table">[]): string =>
  `LOCK TABLES ${tables.map(({ schema, table }) => `${quoted(schema, table)} READ`).join(", ")}`;

/**
 * Gives a table the rows of its copy. One that was there before may still have another next id.
 *
 * @throws Error when there are not as many as there were
 */
export async function fillTable(connection: Connection, baseline: string, known: KnownTable): Promise<void> {
  const { schema, table, copy, columns, matching, query, digest } = known;
  const name = quoted(schema, table);
  if (query.includes(" FOR SYSTEM_TIME ALL) AS"))
    throw new Error(`the rows of ${schema}.${table}, which is system-versioned, have changed`);
  const expected = Number.parseInt(digest, 10);
  const found =
    matching === null || expected === 0
      ? await refill(connection, name, quoted(baseline, copy), known)
      : await mendRows(connection, name, quoted(baseline, copy), columns, JSON.parse(matching) as Matching);
  if (found !== expected)
    throw new Error(`expected ${expected} rows of ${schema}.${table} in the copy of it, found ${found}`);
}

async function refill(connection: Connection, name: string, copy: string, known: KnownTable): Promise<number> {
  const { columns, nextId } = known;
  await connection.query(`TRUNCATE TABLE ${name}`);
  const [{ affectedRows }] = await connection.query<ResultSetHeader>(
    `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${copy}`,
  );
  if (nextId !== "1") await setNextId(connection, known);
  return affectedRows;
}

/** Gives a table the next id that it had, if that is after the greatest there is. */
export async function setNextId(
  connection: Connection,
  { schema, table, nextId }: Pick<KnownTable, "schema" | "table" | "nextId">,
): Promise<void> {
  await connection.query(`ALTER TABLE ${quoted(schema, table)} AUTO_INCREMENT = ${nextId}`);
}
