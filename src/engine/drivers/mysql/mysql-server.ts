import type { Connection, RowDataPacket } from "mysql2/promise";
import { messageOf } from "../../../errors.ts";
import { ANSWER_TIMEOUT_MS, Refusal } from "../../container/ready.ts";
import type { Asked, ServiceAddress } from "../driver.ts";

/** How root reaches a server. */
interface Address {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** What the names of one worker's databases end with; "" where the server is this process's own, or the first worker's. */
  readonly suffix: string;
  /** What the name of its baseline ends with besides. */
  readonly baseline: string;
  /** Others use it at the same time, each its own databases: what belongs to the whole server is left as it is. */
  readonly shared: boolean;
}

/** Databases of the server's own. */
export const SYSTEM = ["mysql", "sys", "performance_schema", "information_schema"];

/**
 * What root's connection reads and writes by, whatever is set for the others: values as they are, and any that was stored;
 * definitions without what the settings of a server add to them.
 */
export const SESSION = `SET NAMES utf8mb4; SET SESSION ${[
  "sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', autocommit = 1, completion_type = 0, lock_wait_timeout = 5",
  // Keys are checked when all tables are back.
  "foreign_key_checks = 0, unique_checks = 0, sql_safe_updates = 0, sql_select_limit = 18446744073709551615, max_execution_time = 0",
  "sql_quote_show_create = 1, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0, sql_require_primary_key = 0",
  "sql_generate_invisible_primary_key = 0, show_gipk_in_create_table_and_information_schema = 1",
  "print_identified_with_as_hex = 0, transaction_read_only = 0, transaction_isolation = 'REPEATABLE-READ'",
].join(", ")}`;

/** What is done at the same time, each by a connection of its own. */
type Lane = "databases" | "settings";

/** A MySQL server, and root's connections to it. */
export interface MySqlServer extends Address {
  /**
   * Does some work as root. Half of a reset would be the greeting: the connection stays for the next.
   *
   * @param lane which connection @default "databases"
   */
  asRoot<T>(work: (connection: Connection) => Promise<T>, lane?: Lane): Promise<T>;
  /** Closes the connections. Work that begins afterwards opens others. */
  close(): Promise<void>;
}

/**
 * The server at an address. Connects when there is something to do.
 *
 * @throws Error when its declaration does not say root's password
 */
export function mySqlServer({ host, port, environment, suffix, baseline = "", shared }: ServiceAddress): MySqlServer {
  const { MYSQL_ROOT_PASSWORD: password = "", MYSQL_ALLOW_EMPTY_PASSWORD: mayBeEmpty = "" } = environment;
  if (password === "" && mayBeEmpty === "")
    throw new Error("root's password is not known: expected MYSQL_ROOT_PASSWORD");
  const address = { host, port, password, suffix, baseline, shared };
  const connecting = new Map<Lane, Promise<Connection>>();
  const open = (lane: Lane): Promise<Connection> => {
    const opened = connect(address, () => {
      // Another may have been opened since.
      if (connecting.get(lane) === opened) connecting.delete(lane);
    });
    connecting.set(lane, opened);
    return opened;
  };
  const destroy = async (lane: Lane): Promise<void> => {
    const taken = connecting.get(lane);
    connecting.delete(lane);
    // A farewell to a server that has been killed would not be answered.
    (await taken?.catch(() => undefined))?.destroy();
  };
  return {
    ...address,
    async asRoot(work, lane = "databases") {
      try {
        return await work(await (connecting.get(lane) ?? open(lane)));
      } catch (error) {
        await destroy(lane);
        throw error;
      }
    },
    async close() {
      for (const lane of connecting.keys()) await destroy(lane);
    },
  };
}

async function connect({ host, port, password }: Address, onClosed: () => void): Promise<Connection> {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ host, port, password, user: "root", multipleStatements: true });
  connection.on("error", onClosed).on("end", onClosed);
  await connection.query(SESSION);
  return connection;
}

/** True when a statement failed because others would not let go of a table. */
export function isLockTimeout(error: unknown): boolean {
  return (error as { code?: string }).code === "ER_LOCK_WAIT_TIMEOUT";
}

/** Who has locked tables of databases at this moment, and which: "connection 12 (app@172.18.0.3, for 8 s) holds shop.orders". */
export async function lockHolders(server: MySqlServer): Promise<string[]> {
  return server.asRoot(async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT DISTINCT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user, PROCESSLIST_HOST AS host,
         PROCESSLIST_TIME AS seconds, IF(OBJECT_TYPE = 'TABLE', CONCAT(OBJECT_SCHEMA, '.', OBJECT_NAME), 'all tables') AS name
       FROM performance_schema.metadata_locks JOIN performance_schema.threads ON THREAD_ID = OWNER_THREAD_ID
       WHERE LOCK_STATUS = 'GRANTED' AND PROCESSLIST_ID <> CONNECTION_ID() AND (
         OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA NOT IN (?) OR OBJECT_TYPE IN ('GLOBAL', 'BACKUP LOCK') AND LOCK_TYPE = 'SHARED')`,
      [SYSTEM],
    );
    return rows.map(
      ({ id, user, host, seconds, name }) => `connection ${id} (${user}@${host}, for ${seconds} s) holds ${name}`,
    );
  });
}

/** "9.7.4". */
export function mySqlVersion(server: MySqlServer): Promise<string> {
  return server.asRoot(async (connection) => {
    const [[row]] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
    return String(row!["version"]);
  });
}

/** A name as SQL has it. */
export function quoted(...names: string[]): string {
  return names.map((name) => `\`${name.replaceAll("`", "``")}\``).join(".");
}

/** Asks a server once whether it serves the user that its environment declares: nothing when it does, else why not. */
export async function askMySql({ host, port, environment }: Asked): Promise<Error | undefined> {
  const { createConnection } = await import("mysql2/promise");
  const asUser = environment["MYSQL_USER"] !== undefined;
  try {
    const connection = await createConnection({
      host,
      port,
      user: environment["MYSQL_USER"] ?? "root",
      password: environment[asUser ? "MYSQL_PASSWORD" : "MYSQL_ROOT_PASSWORD"] ?? "",
      database: environment["MYSQL_DATABASE"] ?? "mysql",
      connectTimeout: ANSWER_TIMEOUT_MS,
    });
    await connection.query("SELECT 1").finally(() => connection.destroy());
    return undefined;
  } catch (error) {
    // The server runs and says no: https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html
    const refused = ["ER_ACCESS_DENIED_ERROR", "ER_DBACCESS_DENIED_ERROR", "ER_BAD_DB_ERROR"].includes(
      (error as { code: string }).code,
    );
    return refused ? new Refusal(`the server refuses the connection: ${messageOf(error)}`) : (error as Error);
  }
}
