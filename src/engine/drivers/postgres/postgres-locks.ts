import { isOwn } from "./postgres-databases.ts";
import { APPLICATION, rowsOf } from "./postgres-server.ts";
import type { PostgresServer } from "./postgres-server.ts";

/**
 * Who has locked tables at this moment, and which:
 * "connection 12 (app@172.18.0.3, idle in transaction for 8 s) holds public.orders".
 */
export async function lockHolders(server: PostgresServer): Promise<string[]> {
  const databases = await server.within(server.central, (client) =>
    rowsOf<{ name: string }>(
      client,
      "SELECT DISTINCT datname AS name FROM pg_locks JOIN pg_database d ON d.oid = database",
    ),
  );
  const own = databases.map(({ name }) => name).filter((name) => isOwn(name, server.address));
  const held = await Promise.all(
    own.map((name) =>
      server.within(name, (client) =>
        rowsOf<{ holder: string; tables: string }>(
          client,
          `SELECT CASE WHEN gid IS NULL
               THEN format('connection %s (%s@%s, %s for %s s)', a.pid, usename, coalesce(host(client_addr), 'local'), state,
                 extract(epoch FROM clock_timestamp() - xact_start)::int)
               ELSE format('the prepared transaction %L of %s', gid, owner) END AS holder,
             string_agg(DISTINCT c.oid::regclass::text, ', ') AS tables
           FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND relkind IN ('r', 'p', 'm', 'v', 'S')
             LEFT JOIN pg_stat_activity a ON a.pid = l.pid
             LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction AND x.locktype = 'transactionid'
             LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
           WHERE l.granted AND c.oid >= 16384 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND application_name IS DISTINCT FROM '${APPLICATION}'
           GROUP BY 1`,
        ),
      ),
    ),
  );
  return held.flat().map(({ holder, tables }) => `${holder} holds ${tables}`);
}
