import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { acceptsSql, defineStack, requireEngine, useStack } from "stackspec";
import { takeMySqlBaseline } from "../../src/engine/drivers/mysql/mysql-baseline.ts";
import { resetMySql } from "../../src/engine/drivers/mysql/mysql-reset.ts";
import { mySqlServer } from "../../src/engine/drivers/mysql/mysql-server.ts";
import { failureOf } from "../integration/engine.ts";
import { MYSQL_DUMP, changesIn, dumpOf } from "./mysql-dump.ts";
import { FACTS, OTHERS, TASKS, UNSEEN, itBringsBack, run } from "./mysql-facts.ts";
import { addressOf, connectAsRoot, queryAsRoot } from "../integration/mysql.ts";

const MYSQL_TASKS = [
  ...TASKS,
  "CREATE DATABASE fixed",
  "CREATE TABLE fixed.one (id INT PRIMARY KEY)",
  "INSERT INTO fixed.one VALUES (1)",
  "ALTER DATABASE fixed READ ONLY = 1",
  "UPDATE kinds SET j = JSON_OBJECT('at', CAST('2020-01-01' AS DATE)) WHERE a = 1",
];
const MYSQL_FACTS: Readonly<Record<string, readonly string[]>> = {
  ...FACTS,
  ...UNSEEN,
  "brings back rows though the counters of the server were set to zero": [
    "INSERT INTO untouched VALUES (1)",
    "TRUNCATE TABLE performance_schema.table_io_waits_summary_by_table",
  ],
  "brings back a string in JSON that became a date": [
    "UPDATE kinds SET j = JSON_OBJECT('at', '2020-01-01') WHERE a = 1",
  ],
  "removes a database that nobody may write to": ["CREATE DATABASE mine", "ALTER DATABASE mine READ ONLY = 1"],
  "brings back a database that nobody may write to": ["ALTER DATABASE fixed READ ONLY = 0", "DELETE FROM fixed.one"],
  "brings back what is kept for the server's next start": ["SET PERSIST max_connections = 20"],
  "brings back a server that may be written to": ["SET GLOBAL super_read_only = 1"],
};

const READS =
  "SELECT SUM(COUNT_READ) AS count FROM performance_schema.table_io_waits_summary_by_table WHERE OBJECT_SCHEMA = 'shop' AND OBJECT_NAME NOT IN ('log', 'quick')";

describe("a reset of all that a MySQL server holds", function () {
  this.timeout(300_000);
  requireEngine();

  const stack = useStack(
    defineStack("reset-mysql-all", (declare) => {
      const db = declare.service("db", ({ image }) => new MySqlContainer(image).withDatabase("shop"), {
        image: "mysql:9.7",
        ready: acceptsSql(),
      });
      declare.task("schema", async ({ started }) => {
        await run(await started(db), MYSQL_TASKS);
        return undefined;
      });
      return { db };
    }),
    { scope: "suite" },
  );

  const dump = (): Promise<string> =>
    dumpOf(stack.db, MYSQL_DUMP, ["SELECT a, CAST(f AS DOUBLE), JSON_TYPE(j -> '$.at') FROM shop.kinds ORDER BY a, f"]);

  let before: string;
  beforeEach("everything is as the task left it", async () => {
    await stack.reset();
    before ??= await dump();
  });

  itBringsBack(
    { server: () => stack.db, reset: () => stack.reset(), dump, before: () => before, reads: READS },
    MYSQL_FACTS,
    [...OTHERS, ["SET PERSIST_ONLY innodb_page_cleaners = 2"]],
  );

  it("reads no row of a table whose rows it has put back", async () => {
    const readsNow = (): Promise<unknown> => queryAsRoot(stack.db, "shop", READS);
    await run(stack.db, ["UPDATE exact SET f = 2 WHERE k = 'b'"]);
    await stack.reset();
    const found = await readsNow();
    await run(stack.db, ["INSERT INTO log (msg) VALUES ('mine')"]);
    await stack.reset();
    expect(await readsNow()).to.deep.equal(found);
  });

  it("is not misled by how a spec tells the server to read and write", async () => {
    await run(stack.db, [
      "UPDATE kinds SET t = '2021-01-01', d = 2",
      "DROP TRIGGER first",
      "DROP TABLE log",
      "SET GLOBAL sql_generate_invisible_primary_key = 1",
      "SET GLOBAL time_zone = '+05:00'",
      "SET GLOBAL sql_select_limit = 1",
      "SET GLOBAL sql_safe_updates = 1",
      "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
    ]);
    // Whose connections are made now.
    const server = mySqlServer(addressOf(stack.db));
    await resetMySql(server).finally(() => server.close());
    expect(changesIn(before, await dump())).to.deep.equal([]);
  });

  it("notices what was written while the server did not count it, and when it began to again", async () => {
    const count = (what: string): string =>
      `UPDATE performance_schema.setup_instruments SET ENABLED = '${what}' WHERE NAME = 'wait/io/table/sql/handler'`;
    await run(stack.db, [count("NO"), "UPDATE kinds SET a = 5 WHERE a = 1"]);
    await stack.reset();
    expect(changesIn(before, await dump())).to.deep.equal([]);
    await run(stack.db, ["UPDATE kinds SET a = 5 WHERE a = 1", count("YES")]);
    await stack.reset();
    expect(changesIn(before, await dump())).to.deep.equal([]);
  });

  it("fails while a transaction of a spec has changed rows, though nobody else sees that yet", async () => {
    const connection = await connectAsRoot(stack.db, "shop");
    try {
      await connection.query("START TRANSACTION");
      await connection.query("UPDATE old SET at = NULL");
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*lock wait timeout/i);
      expect(failure.hint).to.include(`connection ${connection.threadId} (root@`).and.include("shop.old");
    } finally {
      connection.destroy();
    }
  });

  it("fails while a spec keeps all tables locked, and says who", async () => {
    const connection = await connectAsRoot(stack.db, "shop");
    try {
      await connection.query("DELETE FROM old");
      await connection.query("FLUSH TABLES WITH READ LOCK");
      const failure = await failureOf(stack.reset());
      expect(failure.hint).to.match(new RegExp(`connection ${connection.threadId} \\(root@.*holds all tables`));
    } finally {
      connection.destroy();
    }
  });

  it("fails with the name of a global variable that cannot be set back", async () => {
    await run(stack.db, [
      "CREATE TABLE words (word TEXT, FULLTEXT (word))",
      "SET GLOBAL innodb_ft_aux_table = 'shop/words'",
    ]);
    try {
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*global variable innodb_ft_aux_table cannot be set to ""/);
    } finally {
      await run(stack.db, ["SET GLOBAL innodb_ft_aux_table = DEFAULT"]);
    }
  });

  it("fails with what a spec has added to the server itself", async () => {
    await run(stack.db, ["CREATE TABLESPACE mine ADD DATAFILE 'mine.ibd'"]);
    try {
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*a tablespace was added/);
    } finally {
      await run(stack.db, ["DROP TABLESPACE mine"]);
    }
  });

  it("leaves alone, where workers share a server, what is not this worker's own", async () => {
    const server = mySqlServer({ ...addressOf(stack.db), suffix: "__worker_1", shared: true });
    try {
      await run(stack.db, ["CREATE DATABASE shop__worker_1", "CREATE TABLE shop__worker_1.mine (id INT)"]);
      await takeMySqlBaseline(server);
      await run(stack.db, [
        "INSERT INTO shop__worker_1.mine VALUES (1)",
        "DELETE FROM kinds",
        "CREATE USER other",
        "SET GLOBAL max_connections = 30",
      ]);
      await resetMySql(server);
      const found = await queryAsRoot(
        stack.db,
        "shop",
        "SELECT (SELECT COUNT(*) FROM shop__worker_1.mine) AS mine, (SELECT COUNT(*) FROM kinds) AS theirs, (SELECT COUNT(*) FROM mysql.user WHERE user = 'other') AS users, @@global.max_connections AS connections",
      );
      expect(found).to.deep.equal([{ mine: 0, theirs: 0, users: 1, connections: 30 }]);
    } finally {
      await server.close();
      await run(stack.db, ["DROP DATABASE shop__worker_1", "DROP DATABASE stackspec_baseline__worker_1"]);
    }
  });
});
