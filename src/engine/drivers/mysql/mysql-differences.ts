import type { Connection, RowDataPacket } from "mysql2/promise";
import { quoted } from "./mysql-server.ts";

/** A column of a table, by its name and type in `information_schema`. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** How rows of a table and of its copy are told apart: conditions on a row `live` and a row `noted`. */
export interface Matching {
  /** The primary key. */
  readonly key: readonly string[];
  /** They are rows of the same key. */
  readonly isSameKey: string;
  /** They have the same values, byte by byte. */
  readonly isEqual: string;
}

/** Types of columns of which a key is the same exactly where = says so, or its collation, which the copy has too. */
const KEY_TYPES = /int$|^(decimal|date|datetime|char|varchar|binary|varbinary|uuid)$/;

/**
 * How the rows of a table can be told apart, if it has a primary key of whole columns.
 *
 * @param comparable a value as a text that no other value of its column has
 */
export async function matchingOf(
  connection: Connection,
  { schema, table }: { readonly schema: string; readonly table: string },
  columns: readonly Column[],
  comparable: (column: string, type: string) => string,
): Promise<Matching | undefined> {
  const [parts] = await connection.query<RowDataPacket[]>(
    "SELECT COLUMN_NAME AS name, SUB_PART AS part FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
    [schema, table],
  );
  const isWhole = parts.every(
    ({ name, part }) => part === null && columns.some((column) => column.name === name && KEY_TYPES.test(column.type)),
  );
  if (parts.length === 0 || !isWhole) return undefined;
  const exact = (row: string, { name, type }: Column): string => {
    const value = `${row}.${quoted(name)}`;
    if (/int$|^(decimal|date|time|datetime|timestamp|year)$/.test(type)) return value;
    return /(char|text|blob|binary)$/.test(type) ? `CAST(${value} AS BINARY)` : comparable(value, type);
  };
  const key = parts.map(({ name }) => quoted(name as string));
  return {
    key,
    isSameKey: key.map((name) => `live.${name} = noted.${name}`).join(" AND "),
    isEqual: columns.map((column) => `${exact("live", column)} <=> ${exact("noted", column)}`).join(" AND "),
  };
}

/** What came of rows that were given back. */
export interface Mended {
  /** How many there are. */
  readonly rows: number;
  /** The answers to what was asked before anybody else could write. */
  readonly asked: RowDataPacket[];
}

/** What rows are given back to, and from what. */
interface Rows {
  /** Names as SQL has them. */
  readonly table: string;
  readonly copy: string;
  readonly columns: string;
  readonly matching: Matching;
  /** How many rows the copy has. */
  readonly expected: number;
}

/**
 * Gives a table the rows of its copy, and writes those only that are others. Each row is read once, and, where there are
 * more then, once more.
 *
 * @param ask a query that is asked while nobody else can write to the table
 */
export async function mendRows(
  connection: Connection,
  { table, copy, columns, matching: { key, isSameKey, isEqual }, expected }: Rows,
  ask: string,
): Promise<Mended> {
  const query = async (...statements: string[]): Promise<RowDataPacket[][]> =>
    (await connection.query<RowDataPacket[][]>(statements.join("; ")))[0];
  const [, , [first]] = (await query(
    `LOCK TABLES ${table} WRITE, ${table} AS live WRITE, ${copy} AS noted READ`,
    // Another row that has a value which is unique in the one that comes back goes by that.
    `REPLACE INTO ${table} (${columns}) SELECT ${columns} FROM ${copy} AS noted WHERE NOT EXISTS (SELECT * FROM ${table} AS live WHERE ${isSameKey} AND ${isEqual})`,
    `SELECT COUNT(*) AS count FROM ${table}`,
  )) as [unknown, unknown, RowDataPacket[]];
  if (Number(first!["count"]) > expected)
    await query(
      `DELETE live FROM ${table} AS live LEFT JOIN ${copy} AS noted ON ${isSameKey} WHERE noted.${key[0]} IS NULL`,
    );
  const [[last], asked] = (await query(`SELECT COUNT(*) AS count FROM ${table}`, ask, "UNLOCK TABLES")) as [
    RowDataPacket[],
    RowDataPacket[],
  ];
  return { rows: Number(last!["count"]), asked };
}
