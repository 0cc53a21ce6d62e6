import type { StartedMySqlContainer } from "@testcontainers/mysql";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import type { ServiceAddress } from "../../src/stack/driver.ts";

/** A started MySqlContainer, or MariaDbContainer. */
export type RootedServer = Pick<StartedMySqlContainer, "getHost" | "getPort" | "getRootPassword" | "exec">;

/** How the driver reaches a server. */
export function addressOf(server: RootedServer): ServiceAddress {
  return {
    host: server.getHost(),
    port: server.getPort(),
    command: [],
    environment: { MYSQL_ROOT_PASSWORD: server.getRootPassword() },
    suffix: "",
    shared: false,
    exec: (command) => server.exec([...command]),
  };
}

/** A connection of root's: what the `mysql` of a container prints has its warnings anywhere in between. */
export function connectAsRoot(server: RootedServer, database: string): Promise<Connection> {
  const password = server.getRootPassword();
  return createConnection({ host: server.getHost(), port: server.getPort(), user: "root", password, database });
}

/** What root gets for one statement. */
export async function queryAsRoot(server: RootedServer, database: string, statement: string): Promise<unknown> {
  const connection = await connectAsRoot(server, database);
  try {
    const [rows] = await connection.query(statement);
    return rows;
  } finally {
    connection.destroy();
  }
}
