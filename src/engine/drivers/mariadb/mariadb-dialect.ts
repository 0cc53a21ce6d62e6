import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Dialect } from "../mysql/mysql-dialect.ts";
import { quoted } from "../mysql/mysql-server.ts";

/** https://mariadb.com/docs/server */
export const MARIADB: Dialect = {
  prefixes: ["MARIADB_", "MYSQL_"],
  emptyPassword: ["ALLOW_EMPTY_ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD"],
  // Hashes are made once for each row, as they are where nothing is merged.
  session:
    "max_statement_time = 0, check_constraint_checks = 0, character_set_collations = '', enforce_storage_engine = NULL, optimizer_switch = 'derived_merge=off'",
  // What cannot be set is another from one start to the next; and whether the log is buffered is for its file system to say.
  globals:
    "SELECT VARIABLE_NAME AS name, GLOBAL_VALUE AS value FROM information_schema.SYSTEM_VARIABLES WHERE (READ_ONLY = 'NO' AND VARIABLE_SCOPE <> 'SESSION ONLY' AND VARIABLE_NAME <> 'innodb_log_file_buffering') OR VARIABLE_NAME = 'hostname'",
  persisted: undefined,
  accounts: [
    "global_priv",
    "db",
    "tables_priv",
    "columns_priv",
    "procs_priv",
    "proxies_priv",
    "roles_mapping",
    "servers",
  ],
  watched: {
    plugin: "SELECT PLUGIN_NAME, PLUGIN_STATUS FROM information_schema.PLUGINS",
    "loadable function": "SELECT name, ret, dl, type FROM mysql.func",
  },
  writable: "IS_GENERATED = 'NEVER'",
  // Which tables they hold is not known without a plugin.
  holders: `SELECT ID AS id, USER AS user, HOST AS host, TIME AS seconds, 'a transaction' AS held
    FROM information_schema.INNODB_TRX JOIN information_schema.PROCESSLIST ON ID = trx_mysql_thread_id WHERE ID <> CONNECTION_ID()`,
  // https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizations/statistics-for-optimizing-queries/user-statistics
  counts: {
    written:
      "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ROWS_CHANGED AS n FROM information_schema.TABLE_STATISTICS WHERE ROWS_CHANGED > 0",
    counting: "@@global.userstat",
    atOnce: false,
    // It can also be told to replace a table.
    statements: [
      "Com_alter_table",
      "Com_create_table",
      "Com_drop_db",
      "Com_drop_table",
      "Com_rename_table",
      "Com_truncate",
    ],
  },
  programs: { dump: "mariadb-dump", client: "mariadb" },
  prepare: forgetCachedNumbers,
};

/**
 * Sequences hand out numbers from memory, a thousand for each that they note. Notes the next one of each, so that it can be
 * seen whether any was taken, and given again.
 */
async function forgetCachedNumbers(connection: Connection, isOwn: (schema: string) => boolean): Promise<void> {
  const [sequences] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE'",
  );
  for (const { s, name } of sequences) {
    if (!isOwn(s as string)) continue;
    const sequence = quoted(s as string, name as string);
    await connection.query(`LOCK TABLES ${sequence} WRITE`);
    try {
      const [[next]] = await connection.query<RowDataPacket[]>(`SELECT CAST(NEXTVAL(${sequence}) AS CHAR) AS number`);
      await connection.query(`ALTER SEQUENCE ${sequence} RESTART WITH ${next!["number"]}`);
    } catch (error) {
      if ((error as { errno?: number }).errno !== RUN_OUT) throw error;
    } finally {
      await connection.query("UNLOCK TABLES");
    }
  }
}

/** ER_SEQUENCE_RUN_OUT: it has handed out all of its numbers. */
const RUN_OUT = 4084;
