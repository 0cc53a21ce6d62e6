import type { Connection, RowDataPacket } from "mysql2/promise";
import { messageOf } from "../../../errors.ts";
import { ANSWER_TIMEOUT_MS, Refusal } from "../../container/asking.ts";
import type { Asked, Prompt, ServiceAddress } from "../../../stack/driver.ts";
import { MYSQL, SYSTEM } from "./mysql-dialect.ts";
import type { Dialect } from "./mysql-dialect.ts";

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
  readonly dialect: Dialect;
}

/**
 * What root's connection reads and writes by, whatever is set for the others: values as they are, and any that was stored;
 * definitions without what the settings of a server add to them.
 */
export const SESSION = `SET NAMES utf8mb4; SET SESSION ${[
  "sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', autocommit = 1, completion_type = 0, lock_wait_timeout = 5",
  // Keys are checked when all tables are back.
  "foreign_key_checks = 0, unique_checks = 0, sql_safe_updates = 0, sql_select_limit = 18446744073709551615",
  "sql_quote_show_create = 1, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0, transaction_read_only = 0",
  "transaction_isolation = 'REPEATABLE-READ'",
].join(", ")}`;

/** What is done at the same time, each by a connection of its own. */
type Lane = "databases" | "settings";

/** A server of MySQL or a dialect of it, and root's connections to it. */
export interface MySqlServer extends Address {
  /** Global variables that it let nobody set again: a reset leaves them as they are. Another server may let them be set. */
  readonly unsettable: Set<string>;
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
export function mySqlServer(
  { host, port, environment, suffix, baseline = "", shared }: ServiceAddress,
  dialect: Dialect = MYSQL,
): MySqlServer {
  const password = variable(environment, dialect, "ROOT_PASSWORD") ?? "";
  const mayBeEmpty = dialect.emptyPassword.some((name) => variable(environment, dialect, name) !== undefined);
  if (password === "" && !mayBeEmpty)
    throw new Error(`root's password is not known: expected ${dialect.prefixes[0]}ROOT_PASSWORD`);
  const address = { host, port, password, suffix, baseline, shared, dialect };
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
    unsettable: new Set(),
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

async function connect({ host, port, password, dialect }: Address, onClosed: () => void): Promise<Connection> {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ host, port, password, user: "root", multipleStatements: true });
  connection.on("error", onClosed).on("end", onClosed);
  await connection.query(`${SESSION}, ${dialect.session}`);
  return connection;
}

/** True when a statement failed because others would not let go of a table. */
export function isLockTimeout(error: unknown): boolean {
  return (error as { code?: string }).code === "ER_LOCK_WAIT_TIMEOUT";
}

/** Who keeps tables of databases at this moment, and which where that is known: "connection 12 (app@172.18.0.3, for 8 s) holds shop.orders". */
export async function lockHolders(server: MySqlServer): Promise<string[]> {
  return server.asRoot(async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(server.dialect.holders, [SYSTEM]);
    return rows.map(
      ({ id, user, host, seconds, held }) => `connection ${id} (${user}@${host}, for ${seconds} s) holds ${held}`,
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
export async function askMySql({ host, port, environment }: Asked, dialect: Dialect): Promise<Error | undefined> {
  const { createConnection } = await import("mysql2/promise");
  const user = variable(environment, dialect, "USER");
  try {
    const connection = await createConnection({
      host,
      port,
      user: user ?? "root",
      password: variable(environment, dialect, user === undefined ? "ROOT_PASSWORD" : "PASSWORD") ?? "",
      database: variable(environment, dialect, "DATABASE") ?? "mysql",
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

/** The client in its container: as root where its password is known, in the declared database, if there is one. */
export function mySqlPrompt({ environment }: Pick<Asked, "environment">, dialect: Dialect): Prompt {
  const [user, password, root, database] = ["USER", "PASSWORD", "ROOT_PASSWORD", "DATABASE"].map((name) =>
    variable(environment, dialect, name),
  );
  const isRoot = root !== undefined || user === undefined;
  return {
    command: [
      dialect.programs.client,
      `--user=${isRoot ? "root" : user}`,
      ...(database === undefined ? [] : [`--database=${database}`]),
    ],
    environment: { MYSQL_PWD: (isRoot ? root : password) ?? "" },
  };
}

/** What the environment of a container says under one of the names that its image reads. */
function variable(environment: Asked["environment"], { prefixes }: Dialect, name: string): string | undefined {
  return prefixes.map((prefix) => environment[`${prefix}${name}`]).find((value) => value !== undefined && value !== "");
}
