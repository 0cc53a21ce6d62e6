import type { Connection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import type { KnownTable } from "./mysql-copies.ts";
import { mendRows } from "./mysql-differences.ts";
import type { Matching } from "./mysql-differences.ts";
import type { Dialect } from "./mysql-dialect.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import { isLockTimeout, quoted } from "./mysql-server.ts";

/**
 * The tables whose rows are not those of the copies. Waits for transactions that have written to them: what
 * they commit later would not be seen.
 *
 * @param tables those that may be it
 * @param written those of them that were written to: where only the rows that are others are written, all are read once, for that
 */
export async function changedRows(
  connection: Connection,
  tables: readonly KnownTable[],
  written: ReadonlySet<KnownTable>,
): Promise<KnownTable[]> {
  if (tables.length === 0) return [];
  const isMended = (known: KnownTable): boolean => written.has(known) && known.matching !== null && rowsOf(known) > 0;
  const read = tables.filter((known) => !isMended(known));
  const [[, ...answers]] = await connection.query<RowDataPacket[][]>(
    [locking(tables), ...read.map(({ query }) => query), "UNLOCK TABLES"].join("; "),
  );
  const isSame = ({ digest }: KnownTable, index: number): boolean => {
    const [rows, hashed] = digest.split(" ");
    return answers[index]![0]!["digest"] === digest && rows === hashed;
  };
  const same = new Set(read.filter(isSame));
  return tables.filter((known) => !same.has(known));
}

/** How many rows its copy has. */
const rowsOf = ({ digest }: KnownTable): number => Number.parseInt(digest, 10);

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
 * @returns how often its rows have been written by then; undefined where that is not known
 * @throws Error when there are not as many as there were
 */
export async function fillTable(
  connection: Connection,
  baseline: string,
  known: KnownTable,
  { counts }: Dialect,
): Promise<string | undefined> {
  const { schema, table, copy, columns, matching, query } = known;
  const name = quoted(schema, table);
  if (query.includes(" FOR SYSTEM_TIME ALL) AS"))
    throw new Error(`the rows of ${schema}.${table}, which is system-versioned, have changed`);
  const expected = rowsOf(known);
  const { rows, asked } =
    matching === null || expected === 0
      ? { rows: await refill(connection, name, quoted(baseline, copy), known), asked: [] }
      : await mendRows(
          connection,
          { table: name, copy: quoted(baseline, copy), columns, matching: JSON.parse(matching) as Matching, expected },
          counts.written,
        );
  if (rows !== expected)
    throw new Error(`expected ${expected} rows of ${schema}.${table} in the copy of it, found ${rows}`);
  const counted = counts.atOnce ? asked.find(({ s, t }) => s === schema && t === table) : undefined;
  return counted === undefined ? undefined : String(counted["n"]);
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
