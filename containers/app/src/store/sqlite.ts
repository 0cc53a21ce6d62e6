import { DatabaseSync } from "node:sqlite";
import { reasonOf, Unavailable } from "../errors.ts";
import { createMigrationsTable, pendingMigrations } from "./migrations.ts";
import { createValues, sql, toTodo, updateSql, type Row } from "./sql.ts";
import type { Store } from "./store.ts";

/** How long to wait for another process that writes. */
const busyTimeoutMs = 5_000;

/**
 * Keeps the todos in a file, or in memory (`:memory:`) until it is closed.
 * @throws Unavailable if the file cannot be opened
 */
export function openSqlite(path: string): Store {
  const db = open(path);
  const find = (id: number) => {
    const row = db.prepare(sql.find).get(id) as Row | undefined;
    return row && toTodo(row);
  };
  // SQLite answers at once and nothing can come between two statements: what takes transactions elsewhere is given here.
  return {
    migrate: async () => migrate(db),
    list: async () => (db.prepare(sql.list).all() as Row[]).map(toTodo),
    create: async (fields) => {
      const { lastInsertRowid } = db.prepare(sql.create).run(...createValues(fields));
      return { id: Number(lastInsertRowid), ...fields };
    },
    find: async (id) => find(id),
    update: async (id, changes) => {
      const update = updateSql(id, changes);
      if (update) db.prepare(update.text).run(...update.values);
      return find(id);
    },
    remove: async (id) => db.prepare(sql.remove).run(id).changes > 0,
    clear: async () => void db.prepare(sql.clear).run(),
    close: async () => db.close(),
  };
}

function open(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    // Reads the file, and so says here when it is no database.
    db.exec("PRAGMA schema_version");
    return db;
  } catch (cause) {
    throw new Unavailable(`cannot open the SQLite file ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function migrate(db: DatabaseSync): string[] {
  // IMMEDIATE: of two processes that migrate at once the second waits here, and then finds nothing to do.
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(createMigrationsTable);
    const applied = db
      .prepare("SELECT `name` FROM `migrations`")
      .all()
      .map(({ name }) => String(name));
    const pending = pendingMigrations("sqlite", applied);
    for (const { name, sql: text } of pending) {
      db.exec(text);
      db.prepare("INSERT INTO `migrations` (`name`) VALUES (?)").run(name);
    }
    db.exec("COMMIT");
    return pending.map(({ name }) => name);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
