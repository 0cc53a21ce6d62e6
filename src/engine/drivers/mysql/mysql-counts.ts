import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Dialect } from "./mysql-dialect.ts";
import { tableOf } from "./mysql-objects.ts";
import type { KnownTable } from "./mysql-copies.ts";

/**
 * What a server has counted since it was started, which tells where rows can have changed without reading them. Where it
 * is not sure, nothing is concluded: after a start of the server, when counters were set to zero or switched off, when a
 * statement of others has altered, dropped, renamed or truncated a table, and for engines that delete all rows at once.
 * Outside of it: a spec that switches the counters off and on again.
 */
export interface Counts {
  /** How often rows were written, by `tableOf`; none for 0. Undefined where not everything is counted. */
  readonly written: ReadonlyMap<string, string> | undefined;
  /** How many statements of others have changed tables otherwise than row by row, and since when that is counted. */
  readonly redefined: string;
}

/** Reads the counters of a server: before what they are noted for is looked at, so that nothing later is taken as seen. */
export async function readCounts(connection: Connection, { counts }: Dialect): Promise<Counts> {
  const names = ["Uptime", "Uptime_since_flush_status", ...counts.statements];
  const [[counting, written, all, own]] = (await connection.query<RowDataPacket[][]>(
    `SELECT ${counts.counting} AS yes; ${counts.written}; SHOW GLOBAL STATUS WHERE Variable_name IN (?); SHOW SESSION STATUS WHERE Variable_name IN (?)`,
    [names, names],
  )) as unknown as [RowDataPacket[][]];
  const [everyone, ours] = [all, own].map(
    (rows) => new Map(rows!.map(({ Variable_name: name, Value: value }) => [String(name), Number(value)])),
  );
  const statements = counts.statements.map((name) => everyone!.get(name)! - ours!.get(name)!);
  const since = everyone!.get("Uptime")! - everyone!.get("Uptime_since_flush_status")!;
  return {
    written:
      counting![0]!["yes"] === 1
        ? new Map(written!.map(({ s, t, n }) => [tableOf({ schema: s, table: t }), String(n)]))
        : undefined,
    redefined: `${statements.join(" ")} since ${since}`,
  };
}

/** Where the counts are noted: a table that is written to by nothing else, so that its own count is known. */
const markOf = (baseline: string): string => tableOf({ schema: baseline, table: "mark" });

/** Makes that table. */
export async function createMark(connection: Connection, baseline: string): Promise<void> {
  await connection.query(
    `CREATE TABLE ${baseline}.mark (count VARCHAR(20), redefined VARCHAR(255)); INSERT INTO ${baseline}.mark VALUES (NULL, '')`,
  );
}

/** The tables whose rows may not be what they were when their counts were noted, and those of them that were written to. */
export async function maybeChanged(
  connection: Connection,
  baseline: string,
  tables: readonly KnownTable[],
  { written, redefined }: Counts,
): Promise<{ tables: KnownTable[]; written: ReadonlySet<KnownTable> }> {
  const [[mark]] = await connection.query<RowDataPacket[]>(`SELECT * FROM ${baseline}.mark`);
  if (written?.get(markOf(baseline)) !== mark!["count"] || redefined !== mark!["redefined"])
    return { tables: [...tables], written: new Set() };
  const unlike = tables.filter((known) => known.counted === 0 || known.count !== (written?.get(tableOf(known)) ?? "0"));
  const changed = new Set(unlike.map((known) => tableOf(known)));
  // What a foreign key takes along is not counted by all servers; nor is it known what tables of others were.
  const known = new Set(tables.map((table) => tableOf(table)));
  const isTaken = (parent: string): boolean => changed.has(parent) || !known.has(parent);
  for (let before = -1; before !== changed.size;) {
    before = changed.size;
    for (const table of tables) if ((JSON.parse(table.parents) as string[]).some(isTaken)) changed.add(tableOf(table));
  }
  return {
    tables: tables.filter((table) => changed.has(tableOf(table))),
    written: new Set(unlike.filter(({ counted, count }) => counted === 1 && count !== null)),
  };
}

/** How often tables had been written to, by the names of their copies. */
export const countsOf = (tables: readonly KnownTable[], { written }: Counts): [string, string][] =>
  tables.map((known) => [known.copy, written?.get(tableOf(known)) ?? "0"]);

/** Notes the counts at which tables have the rows of their copies, by the names of those; null where it is not known. */
export async function noteCounts(
  connection: Connection,
  baseline: string,
  counts: readonly (readonly [copy: string, count: string | null])[],
): Promise<void> {
  if (counts.length === 0) return;
  await connection.query(
    `UPDATE ${baseline}.tables SET count = CASE copy ${"WHEN ? THEN ? ".repeat(counts.length)}END WHERE copy IN (?)`,
    [...counts.flat(), counts.map(([copy]) => copy)],
  );
}

/** Notes what was counted otherwise when that was: it holds as long as only rows are written. */
export async function noteMark(
  connection: Connection,
  baseline: string,
  { written, redefined }: Counts,
): Promise<void> {
  // This is counted too.
  const next = written === undefined ? null : String(BigInt(written.get(markOf(baseline)) ?? "0") + 1n);
  await connection.query(`UPDATE ${baseline}.mark SET count = ?, redefined = ?`, [next, redefined]);
}
