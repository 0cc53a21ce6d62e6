import { MariaDbContainer } from "@testcontainers/mariadb";
import { MySqlContainer } from "@testcontainers/mysql";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import type { StartedTestContainer } from "testcontainers";
import type { Driver } from "../../../src/stack/driver.ts";
import { mariadb } from "../../../src/engine/drivers/mariadb/mariadb.ts";
import { mysql } from "../../../src/engine/drivers/mysql/mysql.ts";
import { postgres } from "../../../src/engine/drivers/postgres/postgres.ts";
import type { Kind, Worker } from "./kind.ts";

const TABLES = Array.from({ length: 50 }, (_, at) => `items_${at}`);
/** In all tables together. */
const ROWS = Number(process.env["BENCH_ROWS"] ?? 1_000_000);
const EACH = ROWS / TABLES.length;
const PASSWORD = "bench";
const NOTHING = `reset, nothing changed, ${TABLES.length} tables, ${ROWS} rows`;
const FIVE = `reset, one row in each of 5 of ${TABLES.length} tables`;

/** Updated, added and removed, one row in each of five tables. */
const CHANGES = [
  "UPDATE items_10 SET price = price + 1 WHERE id = 517",
  "UPDATE items_11 SET name = 'another' WHERE id = 518",
  "INSERT INTO items_12 (id, name) VALUES (10000001, 'mine')",
  "INSERT INTO items_13 (id, name) VALUES (10000001, 'mine')",
  "DELETE FROM items_14 WHERE id = 519",
];

type Query = (sql: string) => Promise<unknown>;

/** Tables that refer to the one before them; the server itself makes their rows, which is quicker than any file of SQL. */
function worker(query: Query, dialect: { id: string; truncate: Query; fill: Query; close: Worker["close"] }): Worker {
  const { id, truncate, fill, close } = dialect;
  const fillAll = async (): Promise<void> => {
    for (const table of TABLES) await fill(table);
  };
  return {
    async seed() {
      for (const [at, table] of TABLES.entries())
        await query(
          `CREATE TABLE ${table} (id ${id} PRIMARY KEY, name VARCHAR(40), price DECIMAL(10, 2), parent INT, FOREIGN KEY (parent) REFERENCES ${TABLES[Math.max(at - 1, 0)]} (id))`,
        );
      await fillAll();
    },
    changes: {
      [NOTHING]: async () => undefined,
      [FIVE]: async () => {
        for (const change of CHANGES) await query(change);
      },
    },
    instead: {
      "TRUNCATE and fill all tables": async () => {
        await truncate(TABLES.join(", "));
        await fillAll();
      },
      "DELETE in the order of foreign keys, and fill all tables": async () => {
        for (const table of TABLES.toReversed()) {
          // A table that refers to itself lets go of that first.
          if (table === TABLES[0]) await query(`UPDATE ${table} SET parent = NULL`);
          await query(`DELETE FROM ${table}`);
        }
        await fillAll();
      },
    },
    close,
  };
}

const row = (n: string): string => `${n}, CONCAT('item ', ${n}), ${n} / 7.0, NULLIF(${n} % 100, 0)`;

function mysqlLike(driver: Driver, image: string, create: Kind["create"]): Kind {
  return {
    driver,
    image,
    create,
    async work(server: StartedTestContainer) {
      const address = { host: server.getHost(), port: server.getMappedPort(3306) };
      const connection = await createConnection({ ...address, user: "root", password: PASSWORD, database: "shop" });
      const query: Query = (sql) => connection.query(sql);
      const depth = image.startsWith("maria") ? "max_recursive_iterations" : "cte_max_recursion_depth";
      await query(`SET SESSION ${depth} = ${EACH}`);
      return worker(query, {
        id: "INT AUTO_INCREMENT",
        async truncate(tables) {
          await query("SET foreign_key_checks = 0");
          for (const table of tables.split(", ")) await query(`TRUNCATE TABLE ${table}`);
          await query("SET foreign_key_checks = 1");
        },
        fill: (table) =>
          query(
            `INSERT INTO ${table} WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < ${EACH}) SELECT ${row("n")} FROM numbers`,
          ),
        close: () => connection.end(),
      });
    },
  };
}

export const mysqlKind = mysqlLike(mysql, "mysql:9.7", (image) =>
  new MySqlContainer(image).withDatabase("shop").withRootPassword(PASSWORD).withUserPassword(PASSWORD),
);
export const mariadbKind = mysqlLike(mariadb, "mariadb:11.8", (image) =>
  new MariaDbContainer(image).withDatabase("shop").withRootPassword(PASSWORD).withUserPassword(PASSWORD),
);

export const postgresKind: Kind = {
  driver: postgres,
  image: "postgres:18",
  create: (image) => new PostgreSqlContainer(image).withDatabase("shop").withUsername("bench").withPassword(PASSWORD),
  async work(server) {
    const address = { host: server.getHost(), port: server.getMappedPort(5432), user: "bench", password: PASSWORD };
    const connectTo = async (database: string): Promise<Client> => {
      const opened = new Client({ ...address, database });
      await opened.connect();
      return opened;
    };
    let client = await connectTo("shop");
    const query: Query = (sql) => client.query(sql);
    const sql = worker(query, {
      id: "SERIAL",
      truncate: (tables) => query(`TRUNCATE ${tables} RESTART IDENTITY`),
      fill: (table) => query(`INSERT INTO ${table} SELECT ${row("n")} FROM generate_series(1, ${EACH}) AS n`),
      close: () => client.end(),
    });
    return {
      ...sql,
      instead: {
        ...sql.instead,
        // Of another name: the database of the stack is left to the reset.
        "CREATE DATABASE … TEMPLATE, and DROP DATABASE of that before": async () => {
          await client.end();
          const admin = await connectTo("postgres");
          await admin.query("DROP DATABASE IF EXISTS copy");
          await admin.query("CREATE DATABASE copy TEMPLATE shop");
          await admin.end();
          client = await connectTo("shop");
        },
      },
    };
  },
};
