import type { Connection, RowDataPacket } from "mysql2/promise";
import type { ServiceAddress } from "../../../stack/driver.ts";
import type { Dialect } from "./mysql-dialect.ts";
import { isOwn } from "./mysql-baseline.ts";
import { mySqlServer, quoted } from "./mysql-server.ts";
import type { MySqlServer } from "./mysql-server.ts";

/** Where MySQL notes who may use a database, or a part of one: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html */
const GRANTS = ["db", "tables_priv", "columns_priv", "procs_priv"];

/** Copies all databases for each parallel worker, for the same users. @throws Error naming one that cannot be copied */
export async function shareMySql(
  address: ServiceAddress,
  dialect: Dialect,
  suffixes: readonly string[],
): Promise<void> {
  const server = mySqlServer(address, dialect);
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
      const { exitCode, output } = await exec(["sh", "-c", copyWith(server.dialect), "sh", name, copy]);
      if (exitCode !== 0 || /error/i.test(output))
        throw new Error(`its database ${name} cannot be copied: ${output.trim()}`);
      await takeOwnNumbers(connection, name, copy);
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

/** MariaDB's defaults name the database of the sequence that they take numbers from: of the copy, that is its own. */
async function takeOwnNumbers(connection: Connection, name: string, copy: string): Promise<void> {
  const [columns] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_DEFAULT AS d FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND LOCATE(?, COLUMN_DEFAULT) = 1",
    [copy, `nextval(${quoted(name)}.`],
  );
  for (const { t, c, d } of columns as { t: string; c: string; d: string }[])
    await connection.query(
      `ALTER TABLE ${quoted(copy, t)} ALTER COLUMN ${quoted(c)} SET DEFAULT (${d.replace(quoted(name), () => quoted(copy))})`,
    );
}

/** All that a database can hold: tables, views, triggers, routines and events. The password is in the container's environment. */
const copyWith = ({ programs: { dump, client } }: Dialect): string =>
  `export MYSQL_PWD="\${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}" && {
    ${dump} --user=root --single-transaction --routines --triggers --events --no-tablespaces --skip-comments --skip-add-locks "$1" | ${client} --user=root "$2"
  } 2>&1`;
