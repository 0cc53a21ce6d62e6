import { OBJECTS, dropObjects } from "./postgres-objects.ts";
import { inTransaction, rowsOf, runMade } from "./postgres-server.ts";
import type { Connection, PostgresServer } from "./postgres-server.ts";

/** Columns of system catalogs that say how something is kept, or count. */
const KEPT = {
  pg_class: "relfilenode|relpages|reltuples|relallvisible|relallfrozen|relfrozenxid|relminmxid",
  pg_index: "indcheckxmin",
};
const isKept = Object.entries(KEPT)
  .map(([catalog, columns]) => `relname = '${catalog}' AND attname ~ '^(${columns})$'`)
  .join(" OR ");

/** A query for each catalog of a database, that tells of all its rows in one number. */
const HASHES = `SELECT relname AS name, format(
    'SELECT %L AS name, sum(hashtextextended(ROW(%s)::text, 0)::numeric)::text AS hash FROM pg_catalog.%I',
    relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE NOT (${isKept})), relname) AS query
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
  WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared AND pg_class.oid < 16384
    AND relname NOT IN ('pg_statistic', 'pg_statistic_ext_data')
  GROUP BY relname`;

/** What pg_dump takes for given, or for data. */
const FACTS = `SELECT json_build_object(
    'the extensions', (SELECT json_agg(json_build_array(extname, extversion, extnamespace::regnamespace) ORDER BY extname) FROM pg_extension),
    'the schema public', to_regnamespace('public') IS NOT NULL,
    'the language plpgsql', EXISTS (SELECT FROM pg_extension WHERE extname = 'plpgsql'),
    'the large objects', (SELECT json_agg(json_build_array(m.oid, lomowner::regrole, lomacl,
        (SELECT md5(string_agg(pageno || ' ' || encode(data, 'hex'), ' ' ORDER BY pageno)) FROM pg_largeobject WHERE loid = m.oid)) ORDER BY m.oid)
      FROM pg_largeobject_metadata m)) AS facts`;

export const definitionTables = (schema: string): string[] => [
  `CREATE TABLE ${schema}.definitions (definitions text, facts text, newest oid)`,
  `CREATE TABLE ${schema}.large (oid oid, owner text, acl text, data bytea)`,
  `CREATE TABLE ${schema}.catalogs AS SELECT name, query, '' AS hash FROM (${HASHES}) hashes`,
];

/** Notes what a database defines. */
export async function noteDefinitions(client: Connection, definitions: string): Promise<void> {
  await client.query(`INSERT INTO ${client.schema}.definitions SELECT $1, (${FACTS})`, [definitions]);
  await client.query(
    `INSERT INTO ${client.schema}.large SELECT oid, lomowner::regrole, lomacl, lo_get(oid) FROM pg_largeobject_metadata`,
  );
  await noteCatalogs(client);
}

/** Notes what the catalogs are like: they are as they were noted, though perhaps in other words. */
async function noteCatalogs(client: Connection): Promise<void> {
  await client.query(`UPDATE ${client.schema}.definitions SET newest = (SELECT max(oid) FROM (${OBJECTS}) objects)`);
  const now = await hashesOf(client);
  await client.query(
    `UPDATE ${client.schema}.catalogs SET hash = now.hash FROM json_to_recordset($1) AS now (name text, hash text) WHERE now.name = catalogs.name`,
    [JSON.stringify(now)],
  );
}

interface Hash {
  readonly name: string;
  readonly hash: string;
  readonly noted: string;
}

async function hashesOf(client: Connection, names?: readonly string[]): Promise<Hash[]> {
  const known = await rowsOf<{ name: string; query: string; hash: string }>(
    client,
    `SELECT * FROM ${client.schema}.catalogs WHERE $1::text[] IS NULL OR name = ANY ($1)`,
    [names],
  );
  if (known.length === 0) return [];
  const hashes = await rowsOf<Hash>(client, known.map(({ query }) => query).join(" UNION ALL "));
  return hashes.map((hash) => ({ ...hash, noted: known.find(({ name }) => name === hash.name)!.hash }));
}

const areSame = (hashes: readonly Hash[]): boolean => hashes.every(({ hash, noted }) => hash === noted);

/**
 * Drops what was added to a database, and tells whether anything else is not as it was noted.
 *
 * @param catalogs those that were written; undefined where any may have been
 */
export async function isRedefined(
  client: Connection,
  server: PostgresServer,
  database: string,
  catalogs: readonly string[] | undefined,
): Promise<boolean> {
  const changed = await hashesOf(client, catalogs);
  if (areSame(changed)) return false;
  if (changed.some(({ name, hash, noted: was }) => name.startsWith("pg_largeobject") && hash !== was))
    await inTransaction(client, () => restoreLargeObjects(client));
  const [noted] = (await rowsOf<{ newest: number }>(
    client,
    `SELECT newest::int8::float8 AS newest FROM ${client.schema}.definitions`,
  )) as [{ newest: number }];
  await inTransaction(client, () => dropObjects(client, noted.newest));
  if (areSame(await hashesOf(client, catalogs))) return false;
  if ((await differenceOf(client, server, database)) !== undefined) return true;
  await noteCatalogs(client);
  return false;
}

async function restoreLargeObjects(client: Connection): Promise<void> {
  await client.query(`SELECT lo_unlink(oid) FROM pg_largeobject_metadata`);
  await client.query(`SELECT lo_from_bytea(oid, data) FROM ${client.schema}.large`);
  await runMade(
    client,
    `SELECT format('ALTER LARGE OBJECT %s OWNER TO %s', oid, owner) AS sql FROM ${client.schema}.large`,
  );
  await runMade(
    client,
    `SELECT format('GRANT %s ON LARGE OBJECT %s TO %s%s', privilege_type, oid,
       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END) AS sql
     FROM ${client.schema}.large, aclexplode(nullif(acl, '{}')::aclitem[])`,
  );
}

/** What of a database is not as it was noted: the first that is found. */
async function differenceOf(client: Connection, server: PostgresServer, database: string): Promise<string | undefined> {
  const definitions = await server.dump(database);
  const [noted] = (await rowsOf<{ definitions: string; was: Facts; facts: Facts }>(
    client,
    `SELECT definitions, facts::json AS was, (${FACTS}) AS facts FROM ${client.schema}.definitions`,
  )) as [{ definitions: string; was: Facts; facts: Facts }];
  const fact = Object.keys(noted.was).find(
    (key) => JSON.stringify(noted.was[key]) !== JSON.stringify(noted.facts[key]),
  );
  if (noted.definitions === definitions) return fact;
  const [was, now] = [noted.definitions.split("\n"), definitions.split("\n")];
  const line = was.findIndex((text, index) => text !== now[index]);
  return `"${was[line] ?? ""}" is now "${now[line] ?? ""}"`;
}

type Facts = Readonly<Record<string, unknown>>;

/** Drops all that a database defines, and defines it as it was. Ends in the middle of the caller's transaction. */
export async function redefine(client: Connection): Promise<void> {
  const [noted] = (await rowsOf<{ definitions: string; facts: string }>(
    client,
    `SELECT definitions, facts FROM ${client.schema}.definitions`,
  )) as [{ definitions: string; facts: string }];
  const facts = JSON.parse(noted.facts) as Facts;
  await dropObjects(client, 16383);
  await client.query("DROP SCHEMA IF EXISTS public CASCADE");
  // As initdb leaves it: pg_dump tells of the rest.
  if (facts["the schema public"] === true)
    await client.query(
      `CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;
       COMMENT ON SCHEMA public IS 'standard public schema'`,
    );
  if (facts["the language plpgsql"] === true) await client.query("CREATE EXTENSION IF NOT EXISTS plpgsql");
  await client.query(noted.definitions);
  // The text sets some for its session.
  await client.query("RESET ALL");
  await client.query(
    `UPDATE ${client.schema}.relations SET oid = now.oid, filenode = 0 FROM pg_class now WHERE now.oid = to_regclass(name)`,
  );
}

/** @throws Error naming what is not as it was, though all was defined again */
export async function checkDefinitions(client: Connection, server: PostgresServer, database: string): Promise<void> {
  const difference = await differenceOf(client, server, database);
  if (difference !== undefined)
    throw new Error(`the definitions of the database ${database} cannot be brought back: ${difference}`);
  await noteCatalogs(client);
}
