import type { RowDataPacket } from "mysql2/promise";
import type { ServiceAddress } from "../driver.ts";
import { isOwn } from "./mysql-reset.ts";
import { mySqlServer, quoted } from "./mysql-server.ts";
import type { MySqlServer } from "./mysql-server.ts";

/** Where MySQL notes who may use a database, or a part of one: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html */
const GRANTS = ["db", "tables_priv", "columns_priv", "procs_priv"];

/** Copies all databases for each parallel worker, for the same users. @throws Error naming one that cannot be copied */
export async function shareMySql(address: ServiceAddress, suffixes: readonly string[]): Promise<void> {
  const server = mySqlServer(address);
  try {
    for (const suffix of suffixes) await copyDatabases(server, address, suffix);
  } finally {
    await server.close();
  }
}

async function copyDatabases(server: MySqlServer, { exec }: ServiceAddress, suffix: string): Promise<void> {
  await server.asRoot(async (connection) => {
    const [schemas] = await connection.query<RowDataPacket[]>(
      "SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS letters, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA",
    );
    for (const { name, letters, collation } of schemas as { name: string; letters: string; collation: string }[]) {
      if (!isOwn(name, server)) continue;
      const copy = `${name}${suffix}`;
      // A kept stack has those of the run before.
      await connection.query(`DROP DATABASE IF EXISTS ${quoted(copy)}`);
      await connection.query(`CREATE DATABASE ${quoted(copy)} CHARACTER SET ${letters} COLLATE ${collation}`);
      const { exitCode, output } = await exec(["sh", "-c", COPY, "sh", name, copy]);
      if (exitCode !== 0 || /error/i.test(output))
        throw new Error(`its database ${name} cannot be copied: ${output.trim()}`);
      for (const table of GRANTS) {
        await connection.query(
          `CREATE TEMPORARY TABLE mysql.stackspec_grants SELECT * FROM mysql.${table} WHERE REPLACE(Db, '\\\\', '') = ?`,
          [name],
        );
        await connection.query("UPDATE mysql.stackspec_grants SET Db = ?", [copy]);
        await connection.query(`REPLACE INTO mysql.${table} SELECT * FROM mysql.stackspec_grants`);
        await connection.query("DROP TEMPORARY TABLE mysql.stackspec_grants");
      }
    }
    await connection.query("FLUSH PRIVILEGES");
  });
}

/** All that a database can hold: tables, views, triggers, routines and events. The password is in the container's environment. */
const COPY = `export MYSQL_PWD="$MYSQL_ROOT_PASSWORD" && {
  mysqldump --user=root --single-transaction --routines --triggers --events --no-tablespaces --skip-comments "$1" | mysql --user=root "$2"
} 2>&1`;
