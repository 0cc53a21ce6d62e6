import { createPool, type PoolConnection } from "mysql2/promise";
import { within } from "../deadline.ts";
import { reasonOf, Unavailable } from "../errors.ts";
import type { MysqlSettings } from "../settings.ts";

/** Lends connections from a pool, which connects when one is first needed. */
export type Connections = Readonly<{
  /**
   * Hands a connection to the work, and takes it back.
   * @throws Unavailable if MySQL cannot be reached in time, is lost, or does not answer within `timeoutMs` (default 10 s)
   */
  use<T>(work: (connection: PoolConnection) => Promise<T>, timeoutMs?: number): Promise<T>;
  close(): Promise<void>;
}>;

export function mysqlConnections(settings: MysqlSettings, connectTimeoutMs = 5_000): Connections {
  const { host, port, user } = settings;
  const pool = createPool({ ...settings, charset: "utf8mb4", connectTimeout: connectTimeoutMs });

  async function connect(): Promise<PoolConnection> {
    const connecting = pool.getConnection();
    try {
      // Beside connectTimeout, which ends the attempt itself but not the wait in the queue for a connection.
      return await within(connectTimeoutMs, connecting);
    } catch (cause) {
      connecting.then(
        (late) => late.release(),
        () => {},
      );
      throw new Unavailable(`cannot connect to MySQL at ${host}:${port} as ${user}: ${reasonOf(cause)}`, { cause });
    }
  }

  return {
    async use(work, timeoutMs = 10_000) {
      const connection = await connect();
      try {
        // Our own deadline: that of mysql2 forgets the round trip which prepares a statement.
        const result = await within(timeoutMs, work(connection));
        connection.release();
        return result;
      } catch (error) {
        // Whatever state it is in, with a transaction or a lock perhaps: the server undoes both when it is closed.
        connection.destroy();
        if (!isUnavailable(error)) throw error;
        throw new Unavailable(`cannot use MySQL at ${host}:${port}: ${reasonOf(error)}`, { cause: error });
      }
    },
    close: () => pool.end(),
  };
}

/** A database without our tables is as good as none: it has yet to be migrated. So is one that shuts down, or kills what it runs for that. */
const goneCodes = new Set(["ER_NO_SUCH_TABLE", "ER_SERVER_SHUTDOWN", "ER_QUERY_INTERRUPTED"]);

function isUnavailable(error: unknown): boolean {
  const { fatal, code = "" } = error as { fatal?: boolean; code?: string };
  return error instanceof Unavailable || fatal === true || goneCodes.has(code);
}
