import type { Client } from "pg";
import type { ServiceAddress } from "../../../stack/driver.ts";
import { BASELINE, rowsOf, runMade } from "./postgres-server.ts";
import { isOfWorker } from "../worker-suffix.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** True for a database with a suite's data: of this worker, where the server is shared. */
export function isOwn(database: string, { suffix }: Pick<ServiceAddress, "suffix">): boolean {
  return !database.startsWith(BASELINE) && isOfWorker(database, suffix);
}

/** A database of a suite's. */
export interface OwnDatabase {
  readonly oid: number;
  readonly name: string;
  /** New databases are copied from it: it has no baseline, which they would have too. */
  readonly template: boolean;
  /** Nobody can connect to it. */
  readonly closed: boolean;
}

/** The databases with a suite's data, and what new ones are made of. */
export async function ownDatabases(client: Client, { address }: PostgresServer): Promise<OwnDatabase[]> {
  const all = await rowsOf<OwnDatabase>(
    client,
    `SELECT oid::int8::float8 AS oid, datname AS name, datname = 'template1' AS template, NOT datallowconn AS closed
       FROM pg_database WHERE datname <> 'template0' ORDER BY oid`,
  );
  return all.filter(({ name }) => isOwn(name, address));
}

/**
 * Drops databases that were added.
 *
 * @param known those that were there
 * @throws Error naming one that is no longer there
 */
export async function checkDatabases(
  client: Client,
  server: PostgresServer,
  known: readonly OwnDatabase[],
): Promise<void> {
  const now = await ownDatabases(client, server);
  const gone = known.filter(({ oid, name }) => !now.some((other) => other.oid === oid && other.name === name));
  if (gone.length > 0)
    throw new Error(
      `the database ${gone.map(({ name }) => name).join(", ")} was dropped or renamed: a reset does not bring it back`,
    );
  for (const { oid, name } of now)
    if (!known.some((other) => other.oid === oid))
      await client.query(`DROP DATABASE "${name.replaceAll('"', '""')}" WITH (FORCE)`);
}

/** Who owns databases, and who may do what with them. */
export const DATABASES = `SELECT oid, datname AS name, datdba::regrole::text AS owner, datconnlimit, datistemplate, datallowconn,
    coalesce(datacl, acldefault('d', datdba))::text AS acl
  FROM pg_database WHERE datname !~ '^${BASELINE}|__worker_[0-9]+$'`;

/** The grants in the column `acl` of others' rows, and statements for each. */
const GRANTS = "aclexplode(nullif(acl, '{}')::aclitem[]) LEFT JOIN pg_authid g ON g.oid = grantee";
const WHOM = "CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END";
const revoke = (name: string): string => `format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', ${name}, ${WHOM})`;
const grant = (name: string): string =>
  `format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, ${name}, ${WHOM}, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)`;

/** Brings back what `public.databases` has noted of databases that are there. */
export async function restoreDatabases(client: Client): Promise<void> {
  await runMade(client, `SELECT format('ALTER DATABASE %I OWNER TO %s', name, owner) AS sql FROM public.databases`);
  await runMade(
    client,
    `SELECT ${revoke("name")} AS sql FROM (${DATABASES}) d, ${GRANTS} UNION ALL SELECT ${grant("name")} FROM public.databases d, ${GRANTS}`,
  );
}

/** Gives a copy of a database what belongs to the server: its owner, its settings, and who may do what with it. */
export async function copyProperties(client: Client, name: string, copy: string): Promise<void> {
  const acl = `SELECT coalesce(datacl, acldefault('d', datdba))::text AS acl FROM pg_database WHERE datname =`;
  await runMade(
    client,
    `SELECT format('ALTER DATABASE %1$I OWNER TO %2$s; ALTER DATABASE %1$I CONNECTION LIMIT %3$s', $2::text, datdba::regrole, datconnlimit) AS sql
       FROM pg_database WHERE datname = $1`,
    [name, copy],
  );
  await runMade(
    client,
    `SELECT ${revoke("$2::text")} AS sql FROM (${acl} $2) d, ${GRANTS} UNION ALL SELECT ${grant("$2::text")} FROM (${acl} $1) d, ${GRANTS}`,
    [name, copy],
  );
  await client.query(
    `INSERT INTO pg_db_role_setting SELECT copy.oid, setrole, setconfig
       FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, pg_database copy WHERE d.datname = $1 AND copy.datname = $2`,
    [name, copy],
  );
}
