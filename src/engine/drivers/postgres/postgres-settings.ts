import type { Client } from "pg";
import { DATABASES, restoreDatabases } from "./postgres-databases.ts";
import { literal, rowsOf, runMade } from "./postgres-server.ts";
import type { PostgresServer } from "./postgres-server.ts";

const MEMBERSHIPS = `SELECT oid, roleid::regrole::text AS role, member::regrole::text AS member, grantor::regrole::text AS grantor,
  format('ADMIN %s, INHERIT %s, SET %s', admin_option::text, inherit_option::text, set_option::text) AS options FROM pg_auth_members`;

const CONFIGURED = `SELECT datname AS database, rolname AS role, setconfig AS config FROM pg_db_role_setting
  LEFT JOIN pg_database d ON d.oid = setdatabase LEFT JOIN pg_authid r ON r.oid = setrole`;

const COMMENTS = ["database", "authid"]
  .map(
    (
      catalog,
    ) => `SELECT '${catalog}' AS catalog, o.${catalog === "database" ? "datname" : "rolname"} AS name, description
      FROM pg_shdescription JOIN pg_${catalog} o ON o.oid = objoid AND classoid = 'pg_${catalog}'::regclass`,
  )
  .join(" UNION ALL ");

/** What belongs to a whole server, by its name: rows that are equal when it is the same. */
const SETTINGS: Readonly<Record<string, string>> = {
  "the roles": "SELECT to_jsonb(r) - 'oid' FROM pg_authid r",
  "the memberships of roles": `SELECT role, member, grantor, options FROM (${MEMBERSHIPS}) m`,
  "the settings of roles and databases": CONFIGURED,
  "the databases": DATABASES,
  "the comments on roles and databases": COMMENTS,
  "the grants on parameters": "SELECT parname, paracl FROM pg_parameter_acl WHERE paracl <> acldefault('p', 10)",
  "the tablespaces": "SELECT spcname, spcowner::regrole, spcacl, spcoptions FROM pg_tablespace",
};

/** What can be seen of them, but not brought back. */
const LOST = new Set(["the grants on parameters", "the tablespaces"]);

const AS_JSON = `SELECT json_build_object(${Object.entries(SETTINGS)
  .map(
    ([name, query]) =>
      `${literal(name)}, (SELECT json_agg(row_text ORDER BY row_text) FROM (SELECT s::text AS row_text FROM (${query}) s) texts)`,
  )
  .join(", ")}) AS settings`;

const AUTO_CONF = "pg_read_file('postgresql.auto.conf', true)";

/** Notes what belongs to the whole server. */
export async function noteSettings(client: Client): Promise<void> {
  await client.query(
    `CREATE TABLE public.settings AS SELECT (${AS_JSON})::text AS settings, ${AUTO_CONF} AS auto_conf;
     CREATE TABLE public.roles AS TABLE pg_authid; CREATE TABLE public.memberships AS ${MEMBERSHIPS};
     CREATE TABLE public.configured AS ${CONFIGURED}; CREATE TABLE public.comments AS ${COMMENTS};
     CREATE TABLE public.databases AS ${DATABASES}`,
  );
}

/** The names of what is not as it was noted. */
async function changedSettings(client: Client): Promise<string[]> {
  const [{ was, now }] = (await rowsOf(
    client,
    `SELECT settings::json AS was, (${AS_JSON}) AS now FROM public.settings`,
  )) as [{ was: Record<string, unknown>; now: Record<string, unknown> }];
  return Object.keys(SETTINGS).filter((name) => JSON.stringify(was[name]) !== JSON.stringify(now[name]));
}

/** Takes back what ALTER SYSTEM has written. */
export async function restoreParameters(client: Client): Promise<void> {
  const [changed] = await rowsOf<{ file: number }>(
    client,
    `SELECT lo_from_bytea(0, convert_to(auto_conf, 'UTF8')) AS file FROM public.settings WHERE auto_conf <> ${AUTO_CONF}`,
  );
  if (changed === undefined) return;
  // The server writes the file itself: no statement brings back its very words.
  await client.query(
    `SELECT lo_export(${changed.file}, current_setting('data_directory') || '/postgresql.auto.conf');
     SELECT lo_unlink(${changed.file}), pg_reload_conf()`,
  );
}

/**
 * Brings back what comes before the definitions of databases: that they can be connected to, and the roles.
 *
 * @returns whether anything is not as it was noted
 * @throws Error naming what cannot be brought back
 */
export async function restoreRoles(client: Client): Promise<boolean> {
  const changed = await changedSettings(client);
  const lost = changed.filter((name) => LOST.has(name));
  if (lost.length > 0) throw new Error(`${lost.join(" and ")} were changed: a reset does not bring them back`);
  if (changed.includes("the databases"))
    await client.query(
      `UPDATE pg_database d SET datconnlimit = k.datconnlimit, datistemplate = k.datistemplate, datallowconn = k.datallowconn
         FROM public.databases k WHERE k.oid = d.oid`,
    );
  if (!changed.includes("the roles")) return changed.length > 0;
  const columns = await rowsOf<{ name: string }>(
    client,
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = 'pg_authid'::regclass AND attnum > 0 AND attname <> 'oid'",
  );
  const names = columns.map(({ name }) => name).join(", ");
  // What SQL tells of a role does not tell its password: the catalog's own rows do.
  const update = (same: string): string =>
    `UPDATE pg_authid r SET (${names}) = (SELECT ${names} FROM public.roles k WHERE ${same})
       WHERE EXISTS (SELECT FROM public.roles k WHERE ${same} AND to_jsonb(k) - 'oid' <> to_jsonb(r) - 'oid')`;
  await client.query(update("k.oid = r.oid"));
  await runMade(
    client,
    "SELECT format('CREATE ROLE %I', rolname) AS sql FROM public.roles WHERE rolname NOT IN (SELECT rolname FROM pg_authid)",
  );
  await client.query(
    `${update("k.rolname = r.rolname")};
     UPDATE public.roles k SET oid = r.oid FROM pg_authid r WHERE r.rolname = k.rolname AND r.oid <> k.oid`,
  );
  return true;
}

/**
 * Brings back the rest of what belongs to the whole server, when nothing in a database needs what was added.
 *
 * @throws Error naming what cannot be brought back
 */
export async function restoreSettings(client: Client, server: PostgresServer): Promise<void> {
  const changed = await changedSettings(client);
  if (changed.includes("the memberships of roles")) {
    const text = "(m.role, m.member, m.grantor, m.options)";
    await runMade(
      client,
      `SELECT format('REVOKE %s FROM %s GRANTED BY %s CASCADE', role, member, grantor) AS sql FROM (${MEMBERSHIPS}) m
         WHERE ${text} NOT IN (SELECT role, member, grantor, options FROM public.memberships) ORDER BY oid DESC`,
    );
    await runMade(
      client,
      `SELECT format('GRANT %s TO %s WITH %s GRANTED BY %s', role, member, options, grantor) AS sql FROM public.memberships m
         WHERE ${text} NOT IN (SELECT role, member, grantor, options FROM (${MEMBERSHIPS}) now) ORDER BY oid`,
    );
  }
  if (changed.includes("the databases")) await restoreDatabases(client);
  if (changed.includes("the roles")) await dropRoles(client, server);
  // Rows that nothing else depends on.
  if (changed.includes("the settings of roles and databases"))
    await client.query(
      `DELETE FROM pg_db_role_setting; INSERT INTO pg_db_role_setting
         SELECT coalesce(d.oid, 0), coalesce(r.oid, 0), config FROM public.configured
           LEFT JOIN pg_database d ON datname = database LEFT JOIN pg_authid r ON rolname = role`,
    );
  if (changed.includes("the comments on roles and databases"))
    await client.query(
      `DELETE FROM pg_shdescription WHERE classoid IN ('pg_database'::regclass, 'pg_authid'::regclass);
       INSERT INTO pg_shdescription
         SELECT coalesce(d.oid, r.oid), format('pg_%s', catalog)::regclass, description FROM public.comments
           LEFT JOIN pg_database d ON catalog = 'database' AND datname = name LEFT JOIN pg_authid r ON catalog = 'authid' AND rolname = name`,
    );
  const still = await changedSettings(client);
  if (still.length > 0) throw new Error(`${still.join(" and ")} cannot be brought back`);
}

async function dropRoles(client: Client, server: PostgresServer): Promise<void> {
  const added = await rowsOf<{ name: string; databases: string[] }>(
    client,
    `SELECT quote_ident(rolname) AS name, ARRAY(SELECT DISTINCT datname::text FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
       WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid) AS databases
     FROM pg_authid r WHERE rolname NOT IN (SELECT rolname FROM public.roles)`,
  );
  for (const { name, databases } of added) {
    for (const database of databases)
      await server.within(database, (owned) => owned.query(`DROP OWNED BY ${name} CASCADE`));
    await client.query(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
  }
}
