import type { StoreSettings } from "../settings.ts";
import type { Store } from "./store.ts";

/** Opens the store; MySQL is connected to when it is first needed. Only the driver in use is loaded. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  if (settings.kind === "sqlite") return (await import("./sqlite.ts")).openSqlite(settings.path);
  return (await import("./mysql.ts")).openMysql(settings.mysql);
}
