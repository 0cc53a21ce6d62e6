import type { Client } from "pg";
import { BASELINE, runMade } from "./postgres-server.ts";

/** Catalogs of what can be dropped by its name; large objects are rows. */
export const OBJECTS = [
  "namespace extension class type proc constraint trigger rewrite policy operator opclass opfamily collation conversion",
  "language cast ts_config ts_dict ts_parser ts_template foreign_data_wrapper foreign_server event_trigger publication",
  "statistic_ext am transform default_acl",
]
  .flatMap((names) => names.split(" "))
  .map((name) => `SELECT 'pg_${name}'::regclass AS class, oid FROM pg_${name}`)
  .join(" UNION ALL ");

/** In this order they are dropped: most others go with the first. */
const DROPPED = [
  "schema|extension|table|foreign table|view|materialized view|sequence|type|composite type|function|procedure|aggregate",
  "index|trigger|rule|policy|operator|operator class|operator family|collation|conversion|cast|transform|language",
  "text search configuration|text search dictionary|text search parser|text search template|statistics object",
  "server|foreign-data wrapper|event trigger|publication|access method|table constraint|default acl",
]
  .join("|")
  .split("|");

/** Drops what came after `newest`, with what needs it. What belongs to something else goes, or stays, with that. */
export async function dropObjects(client: Client, newest: number): Promise<void> {
  await runMade(
    client,
    `SELECT CASE type
       WHEN 'default acl' THEN format(
         'DELETE FROM pg_default_acl WHERE oid = %1$s; DELETE FROM pg_depend WHERE classid = %2$s AND objid = %1$s;
          DELETE FROM pg_shdepend WHERE classid = %2$s AND objid = %1$s AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
         oid, class::oid)
       WHEN 'table constraint' THEN (SELECT format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
         FROM pg_constraint c WHERE c.oid = objects.oid)
       ELSE format('DROP %s IF EXISTS %s CASCADE', CASE type WHEN 'composite type' THEN 'type' WHEN 'statistics object' THEN 'statistics' ELSE type END, identity)
       END AS sql
     FROM (${OBJECTS}) objects, pg_identify_object(class, oid, 0)
     WHERE oid > $1 AND type = ANY ($2) AND identity !~ '(^|[( .])(${BASELINE}|pg_temp|pg_toast)'
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = oid AND deptype IN ('i', 'e', 'P', 'S'))
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE class = 'pg_constraint'::regclass AND c.oid = objects.oid AND coninhcount > 0)
     ORDER BY array_position($2, type), oid`,
    [newest, DROPPED],
  );
}
