import type { Client } from "pg";
import type { ServiceAddress } from "../../../stack/driver.ts";
import { copyProperties, ownDatabases } from "./postgres-databases.ts";
import { AS_SUPERUSER, DUMP, postgresServer, rowsOf, runMade, userOf } from "./postgres-server.ts";

/** The code of the error when somebody is connected to a database that is to be copied. */
const IN_USE = "55006";

/** What pg_dump says it could not do is no SQL, and nothing is copied then. */
const COPY = `{ ${DUMP} || echo 'pg_dump failed;'; } | psql --quiet --no-psqlrc --single-transaction --set=ON_ERROR_STOP=1 --output=/dev/null "$1"`;

/**
 * Copies all databases for each parallel worker, with who may use them.
 *
 * @throws Error naming one that cannot be copied
 */
export async function sharePostgres(address: ServiceAddress, suffixes: readonly string[]): Promise<void> {
  const server = postgresServer(address);
  try {
    // A database that somebody is connected to cannot be copied: nobody has anything to do in this one.
    await server.within("template1", async (client) => {
      const own = await ownDatabases(client, server);
      for (const { name } of own.filter(({ template, closed }) => !template && !closed))
        for (const suffix of suffixes) {
          const copy = `${name}${suffix}`;
          // A kept stack has those of the run before.
          await runMade(client, "SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text) AS sql", [copy]);
          // The application of the first worker is connected to its own; nobody yet to the first copy.
          await copyDatabase(client, address, suffix === suffixes[0] ? name : `${name}${suffixes[0]}`, copy);
          await copyProperties(client, name, copy);
        }
    });
  } finally {
    await server.close();
  }
}

async function copyDatabase(client: Client, address: ServiceAddress, name: string, copy: string): Promise<void> {
  const [{ used }] = (await rowsOf(
    client,
    `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1) OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = $1) AS used`,
    [name],
  )) as [{ used: boolean }];
  if (!used)
    try {
      await runMade(client, "SELECT format('CREATE DATABASE %I TEMPLATE %I', $1::text, $2::text) AS sql", [copy, name]);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== IN_USE) throw error;
    }
  await runMade(
    client,
    `SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L LOCALE_PROVIDER %s', $1::text,
         pg_encoding_to_char(encoding), datcollate, datctype, CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END)
       || format(CASE datlocprovider WHEN 'i' THEN ' ICU_LOCALE %L' WHEN 'b' THEN ' BUILTIN_LOCALE %L' ELSE '' END, datlocale)
       || CASE WHEN daticurules IS NULL THEN '' ELSE format(' ICU_RULES %L', daticurules) END AS sql
     FROM pg_database WHERE datname = $2`,
    [copy, name],
  );
  const { exitCode, output } = await address.exec([
    "sh",
    "-c",
    `${AS_SUPERUSER} && ${COPY}`,
    "sh",
    userOf(address),
    name,
    copy,
  ]);
  if (exitCode !== 0) throw new Error(`its database ${name} cannot be copied: ${output.trim()}`);
}
