import type { MysqlSettings } from "../src/settings.ts";
import { readSettings } from "../src/settings.ts";

/** The MySQL that the environment names: the stack's, in the pipeline. */
export function mysqlSettings(): MysqlSettings {
  const { store } = readSettings();
  if (store.kind !== "mysql") throw new Error("MYSQL_HOST: expected the database to test with, got nothing");
  return store.mysql;
}
