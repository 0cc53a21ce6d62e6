import { setTimeout as sleep } from "node:timers/promises";
import type { Client, QueryResultRow } from "pg";
import { messageOf } from "../../../errors.ts";
import type { Asked, ServiceAddress } from "../../../stack/driver.ts";

/**
 * The database with what is noted of the whole server, and in each database the schema with what is noted of it. They are
 * part of a snapshot, so that a restored server has its baseline from its first moment.
 */
export const BASELINE = "stackspec_baseline";

/** What the superuser's connections are called. */
export const APPLICATION = "stackspec";

/**
 * What the superuser's connections read and write by, whatever is set for the others: a value has one text, which is read
 * as it was written; no trigger and no foreign key sees what comes back.
 */
const SESSION = {
  application_name: APPLICATION,
  search_path: "",
  session_replication_role: "replica",
  event_triggers: "off",
  DateStyle: "ISO",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "3",
  bytea_output: "hex",
  lc_monetary: "C",
  xmloption: "content",
  quote_all_identifiers: "off",
  array_nulls: "on",
  row_security: "off",
  check_function_bodies: "off",
  client_min_messages: "error",
  default_transaction_isolation: "read\\ committed",
  default_transaction_read_only: "off",
  lock_timeout: "5s",
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  jit: "off",
};

/** The code of the error when others do not let go of what is needed. */
export const LOCK_TIMEOUT = "55P03";

/** What is expected where a connection's settings are refused: one is not known, or may not be set. */
const EXPECTED: Readonly<Record<string, string>> = {
  "42704": "PostgreSQL 17 or later",
  "42501": "a superuser, who resets",
};

/** A connection of the superuser's, and the schema with what is noted of its database. */
export type Connection = Client & { readonly schema: string };

/** A PostgreSQL server, and the superuser's connections to it. */
export interface PostgresServer {
  readonly address: ServiceAddress;
  /** The database that is called `BASELINE`, of this worker. */
  readonly central: string;
  /**
   * Does some work in a database as the superuser. The greeting takes longer than most of what is asked: the connection
   * stays for the next, until it is closed or something fails.
   */
  within<T>(database: string, work: (client: Connection) => Promise<T>): Promise<T>;
  /**
   * A database as SQL: equal for two that define the same.
   *
   * @param rows with its rows @default false
   */
  dump(database: string, rows?: boolean): Promise<string>;
  /** @param but the databases to which connections stay @default [] */
  close(but?: readonly string[]): Promise<void>;
}

/** The server in a container that has been started. Connects when there is something to do. */
export function postgresServer(address: ServiceAddress): PostgresServer {
  const open = new Map<string, Promise<Connection>>();
  const destroy = async (database: string): Promise<void> => {
    const taken = open.get(database);
    open.delete(database);
    const client = await taken?.catch(() => undefined);
    // A server that hangs does not answer a farewell.
    await Promise.race([client?.end(), sleep(1000, undefined, { ref: false })]).catch(() => undefined);
  };
  const client = (database: string): Promise<Connection> => {
    const known = open.get(database);
    if (known !== undefined) return known;
    const opened = connect(address, database, () => {
      // Another may have been opened since.
      if (open.get(database) === opened) open.delete(database);
    });
    open.set(database, opened);
    return opened;
  };
  return {
    address,
    central: `${BASELINE}${address.suffix}${address.baseline ?? ""}`,
    async within(database, work) {
      try {
        return await work(await client(database));
      } catch (error) {
        await destroy(database);
        throw error;
      }
    },
    async dump(database, rows = false) {
      const words = ["sh", userOf(address), database, ...(rows ? [] : ["--schema-only"])];
      const { exitCode, output } = await address.exec(["sh", "-c", `${AS_SUPERUSER} && exec ${DUMP} "$@"`, ...words]);
      if (exitCode !== 0) throw new Error(`pg_dump of the database ${database} failed: ${output.trim()}`);
      // A word that is another one each time keeps psql from reading data as its commands.
      return output.replaceAll(/^\\(un)?restrict .*\n/gm, "");
    },
    async close(but = []) {
      await Promise.all([...open.keys()].filter((name) => !but.includes(name)).map(destroy));
    },
  };
}

/** The password is in the container's environment: it need not be on a command line. */
export const AS_SUPERUSER = `export PGPASSWORD="\${POSTGRES_PASSWORD:-$(cat "\${POSTGRES_PASSWORD_FILE:-/dev/null}")}" PGUSER="$1" PGDATABASE="$2" && shift 2`;

/** PL/pgSQL is there from the beginning, and left out; it would be told of when it was dropped and came back. */
export const DUMP = `pg_dump '--exclude-schema=${BASELINE}*' --exclude-extension=plpgsql --lock-wait-timeout=5s`;

/** A variable of the container. The image's entrypoint takes an empty one for none. */
export function variable({ environment }: Pick<Asked, "environment">, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}

export const userOf = (address: Pick<Asked, "environment">): string => variable(address, "POSTGRES_USER") ?? "postgres";

export const databaseOf = (address: Pick<Asked, "environment">): string =>
  variable(address, "POSTGRES_DB") ?? userOf(address);

/** @throws Error when the environment does not say how the superuser is let in */
export function checkPassword(address: ServiceAddress): void {
  const known = ["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"].some((name) => variable(address, name) !== undefined);
  if (!known && variable(address, "POSTGRES_HOST_AUTH_METHOD") !== "trust")
    throw new Error("expected the superuser's password in POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, found neither");
}

async function passwordOf(address: ServiceAddress): Promise<string | undefined> {
  const [password, file] = ["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"].map((name) => variable(address, name));
  if (password !== undefined || file === undefined) return password;
  const { exitCode, output } = await address.exec(["cat", file]);
  if (exitCode !== 0) throw new Error(`expected the superuser's password in ${file}: ${output.trim()}`);
  return output.replace(/\n+$/, "");
}

async function connect(address: ServiceAddress, database: string, onClosed: () => void): Promise<Connection> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: userOf(address),
    password: await passwordOf(address),
    database,
    options: Object.entries(SESSION)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
  });
  // A server that is killed ends connections that nobody is using.
  client.on("error", onClosed).on("end", onClosed);
  await client.connect().catch((cause: unknown) => {
    const expected = EXPECTED[(cause as { code?: string }).code ?? ""];
    throw expected ? new Error(`expected ${expected}: ${messageOf(cause)}`, { cause }) : cause;
  });
  return Object.assign(client, { schema: `${BASELINE}${address.baseline ?? ""}` });
}

/** The rows of a statement. */
export async function rowsOf<R extends QueryResultRow>(
  client: Client,
  statement: string,
  values: unknown[] = [],
): Promise<R[]> {
  const result = await client.query<R>(statement, values);
  return result.rows;
}

/** Runs statements that some query makes: the column `sql` of its rows. */
export async function runMade(client: Client, query: string, values: unknown[] = []): Promise<void> {
  const made = (await rowsOf<{ sql: string }>(client, query, values)).map(({ sql }) => sql);
  if (made.length > 0) await client.query(made.join("; "));
}

/** Does some work in one transaction. Where it fails, the connection is closed, which takes it back. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  const result = await work();
  await client.query("COMMIT");
  return result;
}

/** A text as SQL has it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
