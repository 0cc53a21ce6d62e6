import type { Connection } from "mysql2/promise";
import { isOfWorker } from "../worker-suffix.ts";
import { copyRows } from "./mysql-copies.ts";
import { countsOf, createMark, noteCounts, noteMark, readCounts } from "./mysql-counts.ts";
import { SYSTEM } from "./mysql-dialect.ts";
import { readObjects } from "./mysql-objects.ts";
import type { DatabaseObject } from "./mysql-objects.ts";
import { untilWritten } from "./mysql-rows.ts";
import type { MySqlServer } from "./mysql-server.ts";
import { noteSettings } from "./mysql-settings.ts";

/**
 * The database that holds the baseline: what the databases hold as statements, the rows as copies, and the global
 * variables. Only root sees it. It is part of a snapshot, so that a restored server has it from its first moment.
 */
const BASELINE = "stackspec_baseline";
export const baselineOf = ({ suffix, baseline }: MySqlServer): string => `${BASELINE}${suffix}${baseline}`;

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
    if (isSettled) {
      await noteCounts(connection, baseline, countsOf(same, counts));
      await noteMark(connection, baseline, counts);
    }
    if (!server.shared) await noteSettings(connection, baseline, server.dialect);
  });
}

/** All that the databases with a suite's data hold, but for rows. */
export function objectsOf(connection: Connection, server: MySqlServer): Promise<DatabaseObject[]> {
  return readObjects(connection, (schema) => isOwn(schema, server), baselineOf(server));
}
