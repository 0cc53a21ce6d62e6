import { messageOf } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import { nameAddress } from "../../http/exchange.ts";
import { endpointOf } from "../../stack/external.ts";
import type { Service, Startable } from "../../stack/stack.ts";
import { Refusal, askUntil } from "../container/asking.ts";
import { HOST_TIMEOUT_MS, askSocket } from "../container/ask-port.ts";
import type { Driver } from "../../stack/driver.ts";
import { mariadb } from "../drivers/mariadb/mariadb.ts";
import { mysql } from "../drivers/mysql/mysql.ts";
import { postgres } from "../drivers/postgres/postgres.ts";

/** How long it is left alone between two attempts to connect to it, in milliseconds. */
const INTERVAL_MS = 50;

/** Servers that are asked in SQL, and what an address says of user, password and database as their containers are told it. */
const SQL: Readonly<Record<string, { readonly driver: Driver; readonly variables: string }>> = {
  "postgres:": { driver: postgres, variables: "POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB" },
  "postgresql:": { driver: postgres, variables: "POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB" },
  "mysql:": { driver: mysql, variables: "MYSQL_USER MYSQL_PASSWORD MYSQL_DATABASE" },
  "mariadb:": { driver: mariadb, variables: "MARIADB_USER MARIADB_PASSWORD MARIADB_DATABASE" },
};

/**
 * A service that runs outside of the stack: it is ready when it accepts connections, a database when it answers the user of
 * its address in SQL, where the client for that is installed. It is never stopped.
 */
export function externalService(
  { name, options: { external = "", http } }: Pick<Service, "name" | "options">,
  signal: AbortSignal,
): Startable {
  const { host, port } = endpointOf(external);
  return {
    async start() {
      const ask = async (): Promise<string | Error | undefined> =>
        (await askSocket(host, port, port, HOST_TIMEOUT_MS)) ?? (await askSql(external));
      const hint = "look at its address";
      await askUntil(ask, { subject: name, code: "NOT_LISTENING", hint, intervalMs: INTERVAL_MS, signal });
      if (http !== undefined) nameAddress(external, name);
      return { url: external, ...(http && { http: httpClient(external) }), stop: async () => {} };
    },
  };
}

/**
 * Resolves when the host of an address is there. Whether anybody listens there, and what is answered, is for others to find out.
 *
 * @throws StackspecError `HOST_UNKNOWN`, `HOST_UNREACHABLE`
 */
export async function findHost(url: string): Promise<void> {
  const { host, port } = endpointOf(url);
  const ask = async (): Promise<Refusal | undefined> => {
    const answer = await askSocket(host, port, port, HOST_TIMEOUT_MS);
    return answer instanceof Refusal ? answer : undefined;
  };
  const { signal } = new AbortController();
  const hint = "look at its address";
  await askUntil(ask, { subject: url, code: "HOST_UNREACHABLE", hint, intervalMs: INTERVAL_MS, signal });
}

/** Why a database does not serve the user of its address; undefined when it does, or is none. */
async function askSql(url: string): Promise<Error | undefined> {
  const { protocol, username, password, pathname } = new URL(url);
  const known = SQL[protocol];
  if (known?.driver.ask === undefined) return undefined;
  const told = [username, password, pathname.slice(1)].map(decodeURIComponent);
  const names = known.variables.split(" ");
  const environment = Object.fromEntries(
    names.map((variable, index) => [variable, told[index]!]).filter(([, value]) => value !== ""),
  ) as Record<string, string>;
  const why = await known.driver
    .ask({ ...endpointOf(url), environment, command: [] })
    .catch((error: unknown) => (isMissing(error) ? undefined : new Error(messageOf(error))));
  if (!(why instanceof Refusal)) return why;
  // It was there before the stack, and so were its users.
  return new Refusal(why.message, 0, {
    code: "SQL_REFUSED",
    hint: "compare user, password and database with its address",
  });
}

/** The client is not installed. */
function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
}
