import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MySqlContainer } from "@testcontainers/mysql";
import { createConnection } from "mysql2/promise";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { acceptsSql, defineStack } from "stackspec";
import type { MysqlSettings } from "../../containers/app/src/settings.ts";
import { useRunning } from "./engine.ts";

const declared = defineStack("app-mysql", (stack) => ({
  db: stack.service("db", ({ image }) => new MySqlContainer(image).withRootPassword("root-of-app-mysql"), {
    image: "mysql:9.7",
    ready: acceptsSql(),
  }),
}));

/** A database for each spec of this suite, empty at first, on a MySQL server of the suite's own. */
export function useAppDatabase() {
  const running = useRunning(declared);
  let settings: MysqlSettings;
  let other: Connection;
  const closings: (() => Promise<void>)[] = [];

  beforeEach("a database of its own", async () => {
    const { db } = running().values;
    // As long as a name can be.
    const database = `todos-${randomUUID()}`.padEnd(64, "x");
    settings = { host: db.getHost(), port: db.getPort(), user: "root", password: db.getRootPassword(), database };
    other = await createConnection({ ...settings, database: "mysql" });
    await other.query("CREATE DATABASE ??", [database]);
    await other.changeUser({ database });
  });

  afterEach("nobody is connected to it", async () => {
    for (const close of closings.splice(0)) await close();
    other.destroy();
  });

  /** The values that the server answers, row by row, to a connection that is not the app's. */
  async function ask(sql: string, ...values: unknown[]): Promise<unknown[]> {
    const [rows] = await other.query<RowDataPacket[]>({ sql, values, rowsAsArray: true });
    return rows.flat();
  }

  return {
    settings: () => settings,
    /** A connection that is not the app's. */
    other: () => other,
    ask,
    /** What has to be closed at the end of the spec. */
    closing<T extends { close(): Promise<void> }>(opened: T): T {
      closings.push(opened.close);
      return opened;
    },
    /** One more connection that is not the app's. */
    async another(): Promise<Connection> {
      const connection = await createConnection(settings);
      closings.push(async () => connection.destroy());
      return connection;
    },
    /** Resolves when a connection to the database waits for this. There is no event to wait for. */
    async waitsFor(what: "User lock" | "Waiting for table metadata lock" | "a row"): Promise<void> {
      const found = () =>
        what === "a row"
          ? ask("SELECT 1 FROM performance_schema.data_lock_waits")
          : ask("SELECT 1 FROM performance_schema.processlist WHERE db = ? AND state = ?", settings.database, what);
      const giveUpAt = performance.now() + 8_000;
      while ((await found()).length === 0) {
        if (performance.now() > giveUpAt) throw new Error(`expected a connection that waits for "${what}", got none`);
        await sleep(10);
      }
    },
  };
}
