import { setTimeout as sleep } from "node:timers/promises";
import { endOfLog } from "./postgres-changes.ts";
import { ownDatabases } from "./postgres-databases.ts";
import type { OwnDatabase } from "./postgres-databases.ts";
import { definitionTables, noteDefinitions } from "./postgres-definitions.ts";
import { rowTables, copyRows } from "./postgres-relations.ts";
import { LOCK_TIMEOUT } from "./postgres-server.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { noteSettings } from "./postgres-settings.ts";

/** What is noted of the whole server: the position of the log from which on changes count, and the databases. */
export interface Noted {
  readonly lsn: string;
  readonly databases: readonly (OwnDatabase & {
    readonly unlogged: boolean;
    /** All that is in one that has no baseline of its own. */
    readonly content: string | undefined;
  })[];
}

/** Notes all that a server holds. */
export async function takeBaseline(server: PostgresServer): Promise<void> {
  const { central, address } = server;
  await server.close();
  await server.within("postgres", async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${central} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${central} TEMPLATE template0`);
  });
  const own = await server.within(central, async (client) => {
    await client.query(
      "CREATE EXTENSION pg_walinspect SCHEMA public; CREATE TABLE public.noted (lsn text, databases json)",
    );
    if (!address.shared) await noteSettings(client);
    return ownDatabases(client, server);
  });
  const names = own.filter(({ template, closed }) => !template && !closed).map(({ name }) => name);
  for (const name of names)
    await server.within(name, (client) =>
      client.query(
        [
          `DROP SCHEMA IF EXISTS ${client.schema} CASCADE; CREATE SCHEMA ${client.schema}`,
          ...rowTables(client.schema),
          ...definitionTables(client.schema),
        ].join("; "),
      ),
    );
  const before = await settledEnd(server);
  const unlogged = new Set<string>();
  for (const name of names)
    await server.within(name, async (client) => {
      await client.query("BEGIN");
      const relations = await copyRows(client);
      if (relations.some((relation) => relation.unlogged)) unlogged.add(name);
    });
  // Now nobody writes to tables.
  const locked = await server.within(central, (client) => endOfLog(client, server));
  for (const name of names) {
    const definitions = await server.dump(name);
    await server.within(name, async (client) => {
      await noteDefinitions(client, definitions);
      await client.query("COMMIT");
    });
  }
  const databases = await Promise.all(
    own.map(async (database) => ({
      ...database,
      unlogged: unlogged.has(database.name),
      content: database.template && !database.closed ? await server.dump(database.name, true) : undefined,
    })),
  );
  await server.within(central, (client) =>
    client.query("INSERT INTO public.noted VALUES ($1, $2)", [
      locked.settled ? locked.lsn : before,
      JSON.stringify(databases),
    ]),
  );
}

/** Waits until what is written is committed. @throws Error with the code of a lock timeout when it takes too long */
async function settledEnd(server: PostgresServer): Promise<string> {
  for (const until = performance.now() + 5000; ; await sleep(50)) {
    const { lsn, settled } = await server.within(server.central, (client) => endOfLog(client, server));
    if (settled) return lsn;
    if (performance.now() > until)
      throw Object.assign(new Error("a transaction that writes is still open"), { code: LOCK_TIMEOUT });
  }
}
