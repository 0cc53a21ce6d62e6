import type { PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { Unavailable } from "../errors.ts";
import type { MysqlSettings } from "../settings.ts";
import { createMigrationsTable, pendingMigrations } from "./migrations.ts";
import { mysqlConnections } from "./mysql-connections.ts";
import { createValues, sql, toTodo, updateSql, type Row, type Value } from "./sql.ts";
import type { Store } from "./store.ts";

const migrateTimeoutMs = 600_000;

/**
 * Keeps the todos in MySQL, which is connected to when it is first needed.
 *
 * @param lockTimeoutSeconds how long a migration waits for another one to end
 */
export function openMysql(settings: MysqlSettings, lockTimeoutSeconds = 60): Store {
  const { use, close } = mysqlConnections(settings);
  return {
    migrate: () => use((connection) => migrate(connection, lockTimeoutSeconds), migrateTimeoutMs),
    list: () => use(async (connection) => (await select(connection, sql.list)).map(toTodo)),
    create: (fields) =>
      use(async (connection) => {
        const { insertId } = await change(connection, sql.create, createValues(fields));
        return { id: insertId, ...fields };
      }),
    find: (id) => use((connection) => find(connection, id)),
    update: (id, changes) =>
      use(async (connection) => {
        const update = updateSql(id, changes);
        if (!update) return find(connection, id);
        // Without the transaction, the answer could hold what somebody else wrote in between.
        await connection.beginTransaction();
        await change(connection, update.text, update.values);
        const todo = await find(connection, id);
        await connection.commit();
        return todo;
      }),
    remove: (id) => use(async (connection) => (await change(connection, sql.remove, [id])).affectedRows > 0),
    clear: () => use(async (connection) => void (await change(connection, sql.clear))),
    close,
  };
}

async function select(connection: PoolConnection, text: string, values: Value[] = []): Promise<Row[]> {
  const [rows] = await connection.execute<(Row & RowDataPacket)[]>(text, values);
  return rows;
}

async function change(connection: PoolConnection, text: string, values: Value[] = []): Promise<ResultSetHeader> {
  const [result] = await connection.execute<ResultSetHeader>(text, values);
  return result;
}

async function find(connection: PoolConnection, id: number) {
  const [row] = await select(connection, sql.find, [id]);
  return row && toTodo(row);
}

async function migrate(connection: PoolConnection, lockTimeoutSeconds: number): Promise<string[]> {
  // A lock, since DDL commits by itself in MySQL. Its name is known to the whole server, so it names the database.
  const lock = "LEFT(CONCAT('migrate.', DATABASE()), 64)";
  const [[row]] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK(${lock}, ?) AS granted`, [
    lockTimeoutSeconds,
  ]);
  if (row?.granted !== 1) throw new Unavailable(`another migration has been running for ${lockTimeoutSeconds} s`);
  await connection.query(createMigrationsTable);
  const [applied] = await connection.query<RowDataPacket[]>("SELECT `name` FROM `migrations`");
  const pending = pendingMigrations(
    "mysql",
    applied.map(({ name }) => String(name)),
  );
  for (const { name, sql: text } of pending) {
    await connection.query(text);
    await connection.query("INSERT INTO `migrations` (`name`) VALUES (?)", [name]);
  }
  await connection.query(`DO RELEASE_LOCK(${lock})`);
  return pending.map(({ name }) => name);
}
