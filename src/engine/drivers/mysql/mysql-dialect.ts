import type { Connection } from "mysql2/promise";

/** What MySQL and the servers that have grown from it do not have in common. */
export interface Dialect {
  /** What the variables of its image begin with, from those that count first. */
  readonly prefixes: readonly string[];
  /** The suffix of the variable that lets root be without a password, by prefix. */
  readonly emptyPassword: readonly string[];
  /** Variables of root's session beside those that all have. */
  readonly session: string;
  /** Global variables that can be set, as name and value. */
  readonly globals: string;
  /** Those that are set for the server's next start. Undefined where there are none. */
  readonly persisted: string | undefined;
  /** Tables of the database `mysql` that say who may do what, and which other servers are known. */
  readonly accounts: readonly string[];
  /** What else belongs to a whole server, by what it is: a query each. It is not data: that it has changed is told. */
  readonly watched: Readonly<Record<string, string>>;
  /** Columns of `information_schema.COLUMNS` that can be written: a condition. */
  readonly writable: string;
  /** Asks for the id, user, host and seconds of other connections that keep a reset from its work, and what they hold. */
  readonly holders: string;
  /** Counters of the server, since its start. */
  readonly counts: {
    /** Asks for the schema, table and number of times that a row of it was written, as s, t and n. */
    readonly written: string;
    /** An expression: 1 where nothing that is written is left out. */
    readonly counting: string;
    /** Whether what a session writes is counted before it lets go of the table. */
    readonly atOnce: boolean;
    /** Statements that change the rows of a table without being counted there, by the names of their own counters. */
    readonly statements: readonly string[];
  };
  /** The programs that write a database as SQL, and run that. */
  readonly programs: { readonly dump: string; readonly client: string };
  /** Makes what a baseline needs of those of a server's databases that are its own. Undefined where it needs nothing. */
  readonly prepare?: (connection: Connection, isOwn: (schema: string) => boolean) => Promise<void>;
}

/** Databases of a server's own. */
export const SYSTEM = ["mysql", "sys", "performance_schema", "information_schema"];

/** https://dev.mysql.com/doc/refman/9.7/en/ */
export const MYSQL: Dialect = {
  prefixes: ["MYSQL_"],
  emptyPassword: ["ALLOW_EMPTY_PASSWORD"],
  session:
    "max_execution_time = 0, sql_require_primary_key = 0, sql_generate_invisible_primary_key = 0, show_gipk_in_create_table_and_information_schema = 1, print_identified_with_as_hex = 0",
  globals: "SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.global_variables",
  persisted: "SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.persisted_variables",
  accounts: [
    "user",
    "db",
    "tables_priv",
    "columns_priv",
    "procs_priv",
    "proxies_priv",
    "global_grants",
    "role_edges",
    "default_roles",
    "password_history",
    "servers",
  ],
  watched: {
    plugin: "SELECT name, dl FROM mysql.plugin",
    component: "SELECT component_urn FROM mysql.component",
    "loadable function": "SELECT name, ret, dl, type FROM mysql.func",
    "cost of the optimizer":
      "SELECT cost_name, cost_value FROM mysql.server_cost UNION ALL SELECT cost_name, cost_value FROM mysql.engine_cost",
    tablespace: "SELECT NAME FROM information_schema.INNODB_TABLESPACES WHERE SPACE_TYPE = 'General'",
    "resource group": "SELECT RESOURCE_GROUP_NAME, RESOURCE_GROUP_ENABLED FROM information_schema.RESOURCE_GROUPS",
  },
  writable: "GENERATION_EXPRESSION = ''",
  holders: `SELECT DISTINCT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user, PROCESSLIST_HOST AS host,
      PROCESSLIST_TIME AS seconds, IF(OBJECT_TYPE = 'TABLE', CONCAT(OBJECT_SCHEMA, '.', OBJECT_NAME), 'all tables') AS held
    FROM performance_schema.metadata_locks JOIN performance_schema.threads ON THREAD_ID = OWNER_THREAD_ID
    WHERE LOCK_STATUS = 'GRANTED' AND PROCESSLIST_ID <> CONNECTION_ID() AND (
      OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA NOT IN (?) OR OBJECT_TYPE IN ('GLOBAL', 'BACKUP LOCK') AND LOCK_TYPE = 'SHARED')`,
  // https://dev.mysql.com/doc/refman/9.7/en/performance-schema-table-wait-summary-tables.html
  counts: {
    written:
      "SELECT OBJECT_SCHEMA AS s, OBJECT_NAME AS t, COUNT_WRITE AS n FROM performance_schema.table_io_waits_summary_by_table WHERE OBJECT_TYPE = 'TABLE' AND COUNT_WRITE > 0",
    atOnce: true,
    counting: [
      "(SELECT COUNT(*) FROM performance_schema.setup_consumers WHERE NAME IN ('global_instrumentation', 'thread_instrumentation') AND ENABLED = 'YES') = 2",
      "(SELECT ENABLED FROM performance_schema.setup_instruments WHERE NAME = 'wait/io/table/sql/handler') = 'YES'",
      "EXISTS (SELECT * FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = '%' AND OBJECT_NAME = '%' AND ENABLED = 'YES')",
      "NOT EXISTS (SELECT * FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema', 'information_schema') AND ENABLED = 'NO')",
      "EXISTS (SELECT * FROM performance_schema.setup_actors WHERE HOST = '%' AND USER = '%' AND ROLE = '%' AND ENABLED = 'YES')",
      "NOT EXISTS (SELECT * FROM performance_schema.setup_actors WHERE ENABLED = 'NO')",
      "NOT EXISTS (SELECT * FROM performance_schema.setup_threads WHERE ENABLED = 'NO')",
      "NOT EXISTS (SELECT * FROM performance_schema.threads WHERE INSTRUMENTED = 'NO')",
      "(SELECT SUM(VARIABLE_VALUE) FROM performance_schema.global_status WHERE VARIABLE_NAME IN ('Performance_schema_table_handles_lost', 'Performance_schema_table_instances_lost')) = 0",
    ].join(" AND "),
    statements: ["Com_alter_table", "Com_drop_db", "Com_drop_table", "Com_rename_table", "Com_truncate"],
  },
  programs: { dump: "mysqldump", client: "mysql" },
};
