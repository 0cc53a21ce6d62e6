import type { Client } from "pg";
import { isOwn } from "./postgres-databases.ts";
import { APPLICATION, BASELINE, rowsOf } from "./postgres-server.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** Blocks of one file that were written: `blocks` as a multirange, such as {[0,2),[7,8)}. */
export interface WrittenFile {
  readonly database: number;
  readonly tablespace: number;
  readonly filenode: number;
  readonly blocks: string;
}

/** A position of the write-ahead log. */
export interface Position {
  readonly lsn: string;
  /** Nobody has written before it in a transaction that is still open: what comes is behind it. */
  readonly settled: boolean;
}

/**
 * The end of the log, to which it can be read.
 *
 * @param client connected to the database with what is noted of the whole server
 */
export async function endOfLog(client: Client, server: PostgresServer): Promise<Position> {
  // What was committed asynchronously can be read once it has been flushed.
  const [{ lsn }] = (await rowsOf(
    client,
    `SELECT pg_logical_emit_message(false, '${BASELINE}', '', true)::text AS lsn`,
  )) as [{ lsn: string }];
  const writers = await rowsOf<{ database: string }>(
    client,
    `SELECT datname AS database FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND application_name <> '${APPLICATION}'
     UNION ALL SELECT database FROM pg_prepared_xacts`,
  );
  return { lsn, settled: !writers.some(({ database }) => isOwn(database, server.address)) };
}

/** What is in the log, and changes neither a row nor a definition: hints, locks of rows, vacuum, counts of pages. */
const HARMLESS = "^(LOCK|PRUNE|VISIBLE|FREEZE|VACUUM|INPLACE)";

/** Which blocks were written between two positions. Undefined where that part of the log is no longer there. */
export async function writtenFiles(client: Client, from: string, to: string): Promise<WrittenFile[] | undefined> {
  try {
    return await rowsOf<WrittenFile>(
      client,
      `SELECT database, tablespace, filenode, range_agg(int4range(block, block + 1))::text AS blocks
       FROM (SELECT DISTINCT reldatabase::int8::float8 AS database, reltablespace::int8::float8 AS tablespace,
               relfilenode::int8::float8 AS filenode, relblocknumber::int4 AS block
             FROM public.pg_get_wal_block_info($1, $2, false)
             WHERE relforknumber = 0 AND resource_manager IN ('Heap', 'Heap2', 'Sequence', 'Generic') AND record_type !~ '${HARMLESS}') written
       GROUP BY 1, 2, 3`,
      [from, to],
    );
  } catch (error) {
    // The server has answered: it has removed that part, or was restored without it.
    if ((error as { severity?: string }).severity !== "ERROR") throw error;
    return undefined;
  }
}

/** What of a database has been written, by the kind of thing. */
export interface Written {
  /** Names of the system catalogs; undefined where any may have been. */
  readonly catalogs: readonly string[] | undefined;
  /** Blocks by the table's, materialized view's or sequence's oid; undefined where any may have been. */
  readonly relations: ReadonlyMap<number, string> | undefined;
}

/** Catalogs that hold what the server has counted. */
const COUNTED = new Set(["pg_statistic", "pg_statistic_ext_data"]);

/** Tells what the files of a database are. */
export async function classify(client: Client, files: readonly WrittenFile[] | undefined): Promise<Written> {
  if (files === undefined) return { catalogs: undefined, relations: undefined };
  const found = await rowsOf<{ oid: number | null; name: string; schema: string; kind: string; blocks: string }>(
    client,
    `SELECT c.oid::int8::float8 AS oid, relname AS name, relnamespace::regnamespace::text AS schema, relkind AS kind, blocks
     FROM json_to_recordset($1) AS file (tablespace oid, filenode oid, blocks text)
       LEFT JOIN pg_class c ON c.oid = pg_filenode_relation(tablespace, filenode)`,
    [JSON.stringify(files)],
  );
  const relations = new Map<number, string>();
  const catalogs = new Set<string>();
  let gone = false;
  for (const { oid, name, schema, kind, blocks } of found)
    // Dropped, or written anew: then it was written to another file, which need not be in the log.
    if (oid === null) gone = true;
    else if (schema === "pg_catalog" && oid < 16384) {
      if (!COUNTED.has(name)) catalogs.add(name);
    } else if (!schema.startsWith(BASELINE) && schema !== "pg_toast" && "rmS".includes(kind))
      relations.set(oid, `${relations.get(oid) ?? ""}${blocks}`);
  return { catalogs: gone ? undefined : [...catalogs], relations };
}

/** Ranges of blocks, [from, to): as few as there are, and not more than can be asked for at once. */
export function rangesOf(blocks: string): (readonly [number, number])[] {
  const ranges = [...blocks.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to)] as const);
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last === undefined || from > last[1]) merged.push([from, to]);
    else last[1] = Math.max(last[1], to);
  }
  return merged.length <= 50 ? merged : [[merged[0]![0], merged.at(-1)![1]]];
}
