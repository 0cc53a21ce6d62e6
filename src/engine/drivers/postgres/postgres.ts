import type { KnownDriver, Server, ServiceAddress } from "../../../stack/driver.ts";
import { takeBaseline } from "./postgres-baseline.ts";
import type { Noted } from "./postgres-baseline.ts";
import { classify, endOfLog, writtenFiles } from "./postgres-changes.ts";
import type { WrittenFile } from "./postgres-changes.ts";
import { checkDatabases } from "./postgres-databases.ts";
import { checkDefinitions, isRedefined, redefine } from "./postgres-definitions.ts";
import { lockHolders } from "./postgres-locks.ts";
import { flushPostgres } from "./postgres-flush.ts";
import { askPostgres } from "./postgres-ready.ts";
import { knownRelations, lockTables } from "./postgres-relations.ts";
import { restoreRows, vacuum } from "./postgres-rows.ts";
import {
  AS_SUPERUSER,
  LOCK_TIMEOUT,
  checkPassword,
  databaseOf,
  inTransaction,
  postgresServer,
  rowsOf,
  userOf,
} from "./postgres-server.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { sharePostgres } from "./postgres-share.ts";
import { restoreParameters, restoreRoles, restoreSettings } from "./postgres-settings.ts";

/** By a server that serves nobody else, as the user that owns the data. */
const SET_PASSWORD = String.raw`
user=$(printf %s "$POSTGRES_USER" | grep . || echo postgres)
statement="ALTER ROLE \"$(printf %s "$user" | sed 's/"/""/g')\" PASSWORD '$(printf %s "$POSTGRES_PASSWORD" | sed "s/'/''/g")'"
alter() { printf '%s\n' "$statement" | "$@" >/dev/null; }
program=$(command -v postgres)
if [ "$(id -u)" != 0 ]; then alter "$program" --single -D "$PGDATA" template1
else chown -R postgres: "$PGDATA" && alter su -s /bin/sh postgres -c "'$program' --single -D '$PGDATA' template1"; fi`;

/** PostgreSQL 17 and 18, by the official images or others that are told the same in the same variables. */
export const postgres: KnownDriver = {
  title: "PostgreSQL",
  modules: ["PostgreSqlContainer"],
  images: ["postgres"],
  program: "postgres",
  port: 5432,
  // The official images have it in a volume, each version in another place.
  data: {
    path: "/stackspec/pgdata",
    variable: { name: "PGDATA", value: "/stackspec/pgdata/data" },
    setPasswords: SET_PASSWORD,
  },
  // https://www.postgresql.org/docs/18/runtime-config-wal.html
  flags: [
    "fsync=off", // no file need survive a crash of the machine,
    "synchronous_commit=off", // nor a commit one of the server,
    "full_page_writes=off", // nor a page that was half written
    "autovacuum=off", // a reset makes room for what comes after it; plans do without statistics that nobody has asked for
    "log_lock_waits=on", // who waits for a lock longer than a second is of use to whoever looks for why a spec was late
    "wal_keep_size=512MB", // gives up that much room: a reset reads there what was written since the one before
  ].flatMap((setting) => ["-c", setting]),
  ask: askPostgres,
  sql: true,
  share: sharePostgres,
  prompt: (address) => ({
    command: ["sh", "-c", `${AS_SUPERUSER} && exec psql "$@"`, "sh", userOf(address), databaseOf(address)],
  }),
  client: { name: "pg", from: "8.16.0" },
  tested: ["18"],
  checkpoints: true,
  flush: flushPostgres,
  connect(address: ServiceAddress): Server {
    checkPassword(address);
    const server = postgresServer(address);
    return {
      takeBaseline: () => closing(server, takeBaseline),
      reset: () => closing(server, reset),
      adviceOn: async (error) => {
        if ((error as { code?: string }).code !== LOCK_TIMEOUT) return undefined;
        const holders = await lockHolders(server);
        return holders.length === 0
          ? undefined
          : `end the transaction of a spec that is still open: ${holders.join("; ")}`;
      },
      version: () => closing(server, versionOf),
      close: () => server.close(),
    };
  },
};

/**
 * Does some work. Afterwards nothing is connected to the suite's databases, which can be dropped, renamed, and copied then:
 * what an open transaction has locked is let go too, when something fails.
 */
async function closing<T>(server: PostgresServer, work: (server: PostgresServer) => Promise<T>): Promise<T> {
  try {
    return await work(server);
  } finally {
    await server.close([server.central]);
  }
}

/** "18.1 (Debian 18.1-2)" */
function versionOf(server: PostgresServer): Promise<string> {
  return server.within("postgres", async (client) => {
    const [row] = await rowsOf<{ server_version: string }>(client, "SHOW server_version");
    return row!.server_version;
  });
}

/** Brings a server back to what `takeBaseline` has noted. @throws Error naming what cannot be brought back */
async function reset(server: PostgresServer): Promise<void> {
  const { central, address } = server;
  const { noted, end, files } = await server.within(central, async (client) => {
    const [known] = await rowsOf<Noted>(client, "SELECT lsn, databases FROM public.noted");
    if (known === undefined) throw new Error(`its baseline, the database ${central}, is empty`);
    if (!address.shared) await restoreParameters(client);
    const position = await endOfLog(client, server);
    return { noted: known, end: position, files: await writtenFiles(client, known.lsn, position.lsn) };
  });
  const isWritten = (oid: number): boolean => files === undefined || files.some(({ database }) => database === oid);
  const isShared = isWritten(0);
  const changed = noted.databases.filter(({ oid, unlogged }) => unlogged || isWritten(oid));
  const settings =
    isShared &&
    (await server.within(central, async (client) => {
      await checkDatabases(client, server, noted.databases);
      return !address.shared && restoreRoles(client);
    }));
  for (const { oid, name, template, closed, content } of changed) {
    const inDatabase = (all: readonly WrittenFile[] | undefined) => all?.filter(({ database }) => database === oid);
    if (!template && !closed)
      await resetDatabase(server, name, inDatabase(files), () =>
        server.within(central, async (client) => {
          const { lsn } = await endOfLog(client, server);
          return inDatabase(await writtenFiles(client, end.lsn, lsn));
        }),
      );
    else if (closed || (await server.dump(name, true)) !== content)
      throw new Error(`the database ${name} was changed: a reset does not bring it back`);
  }
  await server.within(central, async (client) => {
    if (settings) await restoreSettings(client, server);
    // What was written since, by this reset too, is looked at by the next.
    if (end.settled) await client.query("UPDATE public.noted SET lsn = $1", [end.lsn]);
  });
}

/** @param sinceThen what has been written after `files` until it is called; undefined where that is not known */
async function resetDatabase(
  server: PostgresServer,
  database: string,
  files: readonly WrittenFile[] | undefined,
  sinceThen: () => Promise<readonly WrittenFile[] | undefined>,
): Promise<void> {
  const redefined = await server.within(database, async (client) => {
    const { catalogs, relations: blocks } = await classify(client, files);
    const anew = await isRedefined(client, server, database, catalogs);
    await inTransaction(client, async () => {
      if (anew) await redefine(client);
      const changed = (await knownRelations(client)).filter(
        ({ oid, current, unlogged }) => blocks === undefined || !current || unlogged || blocks.has(oid),
      );
      if (changed.length === 0) return;
      await lockTables(client, changed);
      // Who was waited for has written more.
      const more = await sinceThen();
      const all = files && more && (await classify(client, [...files, ...more])).relations;
      await restoreRows(client, changed, ({ oid, current, unlogged }) =>
        current && !unlogged ? all?.get(oid) : undefined,
      );
    });
    await vacuum(client);
    return anew;
  });
  if (redefined) await server.within(database, (client) => checkDefinitions(client, server, database));
}
