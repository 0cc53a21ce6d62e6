import { MariaDbContainer } from "@testcontainers/mariadb";
import { expect } from "chai";
import { defineStack, requireEngine, useStack } from "stackspec";
import { MARIADB } from "../../src/engine/drivers/mariadb/mariadb-dialect.ts";
import { mariadb } from "../../src/engine/drivers/mariadb/mariadb.ts";
import { resetMySql } from "../../src/engine/drivers/mysql/mysql-reset.ts";
import { mySqlServer } from "../../src/engine/drivers/mysql/mysql-server.ts";
import { failureOf } from "../integration/engine.ts";
import { addressOf, connectAsRoot, queryAsRoot } from "../integration/mysql.ts";
import { MARIADB_DUMP, changesIn, dumpOf } from "./mysql-dump.ts";
import { FACTS, OTHERS, TASKS, UNSEEN, itBringsBack, run } from "./mysql-facts.ts";

const MARIADB_TASKS = [
  ...TASKS,
  "CREATE SEQUENCE numbers START WITH 5",
  "SELECT NEXTVAL(numbers)",
  "CREATE SEQUENCE few START WITH 1 MAXVALUE 2 NOCACHE",
  "SELECT NEXTVAL(few), NEXTVAL(few)",
  "CREATE TABLE numbered (id BIGINT DEFAULT NEXTVAL(numbers) PRIMARY KEY, at UUID, host INET6)",
  "INSERT INTO numbered VALUES (1, '123e4567-e89b-12d3-a456-426655440000', '::1')",
  "CREATE DATABASE history",
  "CREATE TABLE history.kept (a INT) WITH SYSTEM VERSIONING",
  "INSERT INTO history.kept VALUES (1)",
  "SET SESSION sql_mode = 'ORACLE'",
  "CREATE PACKAGE tools AS FUNCTION one RETURN INT; END",
  "CREATE PACKAGE BODY tools AS FUNCTION one RETURN INT AS BEGIN RETURN 1; END; END",
  "SET SESSION sql_mode = DEFAULT",
];
const MARIADB_FACTS = {
  ...UNSEEN,
  "brings back a UUID and an address": ["UPDATE numbered SET at = NULL, host = '::2'"],
  "brings back a sequence that was dropped": ["DROP SEQUENCE numbers"],
  "brings back a sequence that has been set": ["SELECT SETVAL(numbers, 700)"],
  "brings back rows though the counters of the server were set to zero": [
    "INSERT INTO untouched VALUES (1)",
    "FLUSH TABLE_STATISTICS",
  ],
  "brings back rows that were changed while the server did not count": [
    "SET GLOBAL userstat = OFF",
    "UPDATE parts SET a = 5 WHERE a = 1",
  ],
  "removes a sequence": ["CREATE SEQUENCE mine"],
  "brings back a package with its body": ["DROP PACKAGE tools"],
  "brings back the body of a package": ["DROP PACKAGE BODY tools"],
  "removes the comment of a database": ["ALTER DATABASE bare COMMENT 'mine'"],
  "brings back the default role of a user": ["SET DEFAULT ROLE reader FOR app"],
};

const READS =
  "SELECT SUM(ROWS_READ) AS count FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME NOT IN ('log', 'quick', 'numbers', 'few')";

describe("a reset of all that a MariaDB server holds", function () {
  this.timeout(300_000);
  requireEngine();

  const stack = useStack(
    defineStack("reset-mariadb-all", (declare) => {
      const db = declare.service("db", ({ image }) => new MariaDbContainer(image).withDatabase("shop"), {
        image: "mariadb:11.8",
      });
      declare.task("schema", async ({ started }) => {
        await run(await started(db), MARIADB_TASKS);
        return undefined;
      });
      return { db };
    }),
    { scope: "suite" },
  );
  const dump = (): Promise<string> =>
    dumpOf(stack.db, MARIADB_DUMP, ["SELECT a, CAST(f AS DOUBLE) FROM shop.kinds ORDER BY a, f"]);

  let before: string;
  beforeEach("everything is as the task left it", async () => {
    await stack.reset();
    before ??= await dump();
  });

  const underTest = { server: () => stack.db, reset: () => stack.reset(), dump, before: () => before, reads: READS };
  itBringsBack(underTest, MARIADB_FACTS, [...Object.values(FACTS), ...OTHERS]);

  it("brings back all that a reset of MySQL brings back", async () => {
    for (const statements of Object.values(FACTS)) {
      await run(stack.db, statements);
      await stack.reset();
    }
    expect(changesIn(before, await dump())).to.deep.equal([]);
  });

  it("hands out the same number of a sequence after each reset, the one after those that the tasks took", async () => {
    const next = () => queryAsRoot(stack.db, "shop", "SELECT CAST(NEXTVAL(numbers) AS CHAR) AS next");
    const first = await next();
    await stack.reset();
    expect([first, await next()]).to.deep.equal([[{ next: "6" }], [{ next: "6" }]]);
  });

  it("is not misled by how a spec tells the server to read and write", async () => {
    await run(stack.db, [
      "UPDATE kinds SET t = '2021-01-01', d = 2",
      "DROP TRIGGER first",
      "DROP TABLE log",
      "SET GLOBAL time_zone = '+05:00'",
      "SET GLOBAL sql_select_limit = 1",
      "SET GLOBAL sql_safe_updates = 1",
      "SET GLOBAL max_statement_time = 0.001",
      "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
    ]);
    // Whose connections are made now.
    const server = mySqlServer(addressOf(stack.db), MARIADB);
    await resetMySql(server).finally(() => server.close());
    expect(changesIn(before, await dump())).to.deep.equal([]);
  });

  it("fails while a transaction of a spec has changed rows, and says whose", async () => {
    const connection = await connectAsRoot(stack.db, "shop");
    try {
      await connection.query("START TRANSACTION");
      await connection.query("UPDATE old SET at = NULL");
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*lock wait timeout/i);
      expect(failure.hint).to.match(new RegExp(`connection ${connection.threadId} \\(root@.*holds a transaction`));
    } finally {
      connection.destroy();
    }
  });

  it("fails with what a spec has added to the server itself", async () => {
    await run(stack.db, ["INSERT INTO mysql.func VALUES ('mine', 0, 'mine.so', 'function')"]);
    try {
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*a loadable function was added/);
    } finally {
      await run(stack.db, ["DELETE FROM mysql.func"]);
    }
  });

  it("gives each worker that shares it all that the first has, and resets what is the worker's own only", async () => {
    const address = { ...addressOf(stack.db), suffix: "__worker_1", shared: true };
    const server = await mariadb.connect(address);
    const see = (): Promise<unknown> =>
      queryAsRoot(
        stack.db,
        "shop__worker_1",
        "SELECT (SELECT COUNT(*) FROM pairs) AS pairs, CAST(NEXTVAL(numbers) AS CHAR) AS next, (SELECT MAX(id) FROM numbered) AS number, tools.one() AS one, (SELECT COUNT(*) FROM mysql.db WHERE Db = 'shop\\_\\_worker\\_1' OR Db = 'shop__worker_1') AS granted, (SELECT COUNT(*) FROM shop.kinds) AS theirs, @@global.max_connections AS connections",
      );
    try {
      await mariadb.share!(addressOf(stack.db), ["__worker_1"]);
      await server.takeBaseline();
      const [copied] = (await see()) as [object];
      expect(copied).to.include({ pairs: 2, next: "6", one: 1, granted: 3 });
      await run(stack.db, [
        "INSERT INTO shop__worker_1.numbered (at) VALUES (NULL)",
        "DELETE FROM shop__worker_1.log",
        "DELETE FROM shop__worker_1.pairs",
        "DELETE FROM kinds",
        "SET GLOBAL max_connections = 30",
      ]);
      expect(await see()).to.have.nested.property("[0].number", 7);
      await server.reset();
      expect(await see()).to.deep.equal([{ ...copied, theirs: 0, connections: 30 }]);
    } finally {
      await server.close?.();
      await run(stack.db, [
        "DROP DATABASE IF EXISTS shop__worker_1",
        "DROP DATABASE IF EXISTS stackspec_baseline__worker_1",
      ]);
    }
  });

  // The last: what it writes cannot be brought back.
  it("fails with the name of a system-versioned table that a spec has written to", async () => {
    await run(stack.db, ["DELETE FROM history.kept"]);
    try {
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*rows of history\.kept, which is system-versioned/);
    } finally {
      await run(stack.db, ["DELETE HISTORY FROM history.kept", "INSERT INTO history.kept VALUES (1)"]);
    }
  });
});
