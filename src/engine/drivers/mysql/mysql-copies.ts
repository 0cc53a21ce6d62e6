import type { Connection, RowDataPacket } from "mysql2/promise";
import { matchingOf } from "./mysql-differences.ts";
import type { Column } from "./mysql-differences.ts";
import type { Dialect } from "./mysql-dialect.ts";
import { tableOf } from "./mysql-objects.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import { quoted } from "./mysql-server.ts";

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
