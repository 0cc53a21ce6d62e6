import { readdirSync, readFileSync } from "node:fs";
import { assets } from "../assets.ts";

/** A numbered file of `migrations/<dialect>/`. */
export type Migration = Readonly<{ name: string; sql: string }>;

/** Both dialects understand it. */
export const createMigrationsTable =
  "CREATE TABLE IF NOT EXISTS `migrations` (`name` VARCHAR(255) PRIMARY KEY, `applied_at` TIMESTAMP DEFAULT CURRENT_TIMESTAMP)";

/** The migrations that are not among those applied, in their order. */
export function pendingMigrations(dialect: "mysql" | "sqlite", applied: readonly string[]): Migration[] {
  const folder = new URL(`migrations/${dialect}/`, assets);
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql") && !applied.includes(name));
  return names.toSorted().map((name) => ({ name, sql: readFileSync(new URL(name, folder), "utf8") }));
}
