import type { Connection, RowDataPacket } from "mysql2/promise";
import { classNamesOf, isContainer } from "../container/internals.ts";

/** How root reaches a server. */
interface Address {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** What the names of one worker's databases end with; "" where the server is this process's own, or the first worker's. */
  readonly suffix: string;
}

/** A MySQL server, and root's connection to it. */
export interface MySqlServer extends Address {
  /** Does some work as root. Half of a reset would be the greeting: the connection stays for the next. */
  asRoot<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Closes the connection. Work that begins afterwards opens another. */
  close(): Promise<void>;
}

/** What StartedMySqlContainer tells of its server. */
export interface StartedMySql {
  getHost(): string;
  getPort(): number;
  getRootPassword(): string;
}

/** The server in a container that has been started. Connects when there is something to do. */
export function mySqlServer(started: StartedMySql, suffix = ""): MySqlServer {
  const address = { host: started.getHost(), port: started.getPort(), password: started.getRootPassword(), suffix };
  let connecting: Promise<Connection> | undefined;
  const take = (): Promise<Connection | undefined> => {
    const taken = connecting;
    connecting = undefined;
    return taken?.catch(() => undefined) ?? Promise.resolve(undefined);
  };
  const open = (): Promise<Connection> => {
    const opened = connect(address, () => {
      // Another may have been opened since.
      if (connecting === opened) connecting = undefined;
    });
    return opened;
  };
  return {
    ...address,
    async asRoot(work) {
      connecting ??= open();
      try {
        return await work(await connecting);
      } catch (error) {
        (await take())?.destroy();
        throw error;
      }
    },
    async close() {
      // A farewell to a server that has been killed would not be answered.
      (await take())?.destroy();
    },
  };
}

async function connect({ host, port, password }: Address, onClosed: () => void): Promise<Connection> {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ host, port, password, user: "root" });
  connection.on("error", onClosed).on("end", onClosed);
  // Statistics as they are, not as they were a day ago; keys checked when all tables are back; ids as they were.
  await connection.query(
    "SET SESSION information_schema_stats_expiry = 0, foreign_key_checks = 0, unique_checks = 0, lock_wait_timeout = 5, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  );
  return connection;
}

/** True for a container of Testcontainers' MySQL module, or of a class that extends it. */
export function isMySql(container: unknown): boolean {
  return isContainer(container) && classNamesOf(container).includes("MySqlContainer");
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
         PROCESSLIST_TIME AS seconds, CONCAT(OBJECT_SCHEMA, '.', OBJECT_NAME) AS name
       FROM performance_schema.metadata_locks JOIN performance_schema.threads ON THREAD_ID = OWNER_THREAD_ID
       WHERE OBJECT_TYPE = 'TABLE' AND LOCK_STATUS = 'GRANTED' AND PROCESSLIST_ID <> CONNECTION_ID()
         AND OBJECT_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')`,
    );
    return rows.map(
      ({ id, user, host, seconds, name }) => `connection ${id} (${user}@${host}, for ${seconds} s) holds ${name}`,
    );
  });
}

/** A name as SQL has it. */
export function quoted(...names: string[]): string {
  return names.map((name) => `\`${name.replaceAll("`", "``")}\``).join(".");
}
