import type { ServiceAddress } from "../../../stack/driver.ts";

/** Tables that a server empties when it has not been stopped: https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-UNLOGGED */
const UNLOGGED = `SELECT quote_ident(relnamespace::regnamespace::text) || '.' || quote_ident(relname)
  FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r' AND pg_relation_size(oid) > 0`;

/** Each database that can be connected to, by psql: it is in every image, and the package pg need not be here. */
const SCRIPT = `export PGUSER="$2" PGPASSWORD="$3"
query() { psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$1" --command="$2" </dev/null; }
query "$4" CHECKPOINT || exit 1
query "$4" 'SELECT datname FROM pg_database WHERE datallowconn' | while read -r name; do query "$name" "$1"; done`;

/**
 * Writes to disk what a server has in memory.
 *
 * @throws Error for rows in unlogged tables, which a server that starts on a copy of its files would not have
 */
export async function flushPostgres({ exec, environment }: ServiceAddress): Promise<void> {
  const {
    POSTGRES_USER: user = "postgres",
    POSTGRES_PASSWORD: password = "",
    POSTGRES_DB: database = user,
  } = environment;
  const { exitCode, output } = await exec(["sh", "-c", SCRIPT, "sh", UNLOGGED, user, password, database]);
  if (exitCode !== 0) throw new Error(`its server does not answer: ${output.trim()}`);
  const [table] = output.trim().split("\n");
  if (table !== "") throw new Error(`the table ${table} is UNLOGGED: a server that starts on a copy would empty it`);
}
