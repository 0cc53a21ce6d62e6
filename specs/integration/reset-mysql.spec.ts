import { MySqlContainer } from "@testcontainers/mysql";
import { expect } from "chai";
import { acceptsSql, defineStack, requireEngine, useStack } from "stackspec";
import { failureOf } from "./engine.ts";
import { connectAsRoot, queryAsRoot } from "./mysql.ts";

/** A project's own kind of it: nothing may depend on the name of the class. */
class ShopDatabase extends MySqlContainer {}

const SCHEMA = [
  // The next id is 6, though there is no row.
  "CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(20))",
  "INSERT INTO counted (title) VALUES ('a'), ('b'), ('c'), ('d'), ('e')",
  "DELETE FROM counted",
  "CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(20))",
  "CREATE TABLE children (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parents (id))",
  "INSERT INTO parents VALUES (1, 'Ada'), (2, 'Bob')",
  "INSERT INTO children VALUES (10, 1), (20, 2)",
  "CREATE TABLE authors (id INT PRIMARY KEY)",
  "CREATE TABLE books (id INT PRIMARY KEY, author INT, FOREIGN KEY (author) REFERENCES authors (id))",
  "CREATE TABLE prices (net INT, gross INT AS (net * 2) STORED, label VARCHAR(20) AS (CONCAT('costs ', net)) VIRTUAL)",
  "INSERT INTO prices (net) VALUES (3), (4)",
];

describe("a reset of a MySQL server", function () {
  this.timeout(60_000);
  requireEngine();

  const stack = useStack(
    defineStack("reset-mysql", (declare) => {
      const db = declare.service("db", ({ image }) => new ShopDatabase(image).withDatabase("shop"), {
        image: "mysql:9.7",
        ready: acceptsSql(),
      });
      declare.task("schema", async ({ started }) => {
        const server = await started(db);
        for (const statement of SCHEMA) await queryAsRoot(server, "shop", statement);
        return undefined;
      });
      return { db };
    }),
    { scope: "suite" },
  );
  const sql = (statement: string): Promise<unknown> => queryAsRoot(stack.db, "shop", statement);

  beforeEach("everything is as the task left it", () => stack.reset());

  it("lets ids go on where the tasks have left them", async () => {
    await sql("INSERT INTO counted (title) VALUES ('mine'), ('mine too')");
    await stack.reset();
    await sql("INSERT INTO counted (title) VALUES ('next')");
    expect(await sql("SELECT * FROM counted")).to.deep.equal([{ id: 6, title: "next" }]);
  });

  it("lets ids go on there also when a spec has left no row", async () => {
    await sql("INSERT INTO counted (title) VALUES ('mine')");
    await sql("DELETE FROM counted");
    await stack.reset();
    await sql("INSERT INTO counted (title) VALUES ('next')");
    expect(await sql("SELECT * FROM counted")).to.deep.equal([{ id: 6, title: "next" }]);
  });

  it("lets ids go on there also when the row that a spec has left has an id of before", async () => {
    await sql("INSERT INTO counted (id, title) VALUES (2, 'mine')");
    await stack.reset();
    await sql("INSERT INTO counted (title) VALUES ('next')");
    expect(await sql("SELECT * FROM counted")).to.deep.equal([{ id: 6, title: "next" }]);
  });

  it("brings back rows that others refer to by a foreign key", async () => {
    const before = await sql("SELECT * FROM parents JOIN children ON parent = parents.id ORDER BY parents.id");
    await sql("UPDATE parents SET name = 'Eve'");
    await stack.reset();
    expect(await sql("SELECT * FROM parents JOIN children ON parent = parents.id ORDER BY parents.id")).to.deep.equal(
      before,
    );
  });

  it("brings back rows that refer to others by a foreign key, together with those", async () => {
    const before = await sql("SELECT * FROM parents JOIN children ON parent = parents.id ORDER BY parents.id");
    await sql("DELETE FROM children");
    await sql("DELETE FROM parents");
    await stack.reset();
    expect(await sql("SELECT * FROM parents JOIN children ON parent = parents.id ORDER BY parents.id")).to.deep.equal(
      before,
    );
  });

  it("takes away rows that others refer to by a foreign key, where there were none", async () => {
    await sql("INSERT INTO authors VALUES (1)");
    await sql("INSERT INTO books VALUES (10, 1)");
    await stack.reset();
    expect(await sql("SELECT * FROM authors")).to.deep.equal([]);
  });

  it("brings back rows of a table with generated columns", async () => {
    const before = await sql("SELECT * FROM prices ORDER BY net");
    await sql("UPDATE prices SET net = net + 1");
    await stack.reset();
    expect(await sql("SELECT * FROM prices ORDER BY net")).to.deep.equal(before);
  });

  it("says who keeps it from a table, and which that is", async () => {
    const connection = await connectAsRoot(stack.db, "shop");
    try {
      await connection.query("START TRANSACTION");
      await connection.query("UPDATE parents SET name = 'Eve'");
      await sql("INSERT INTO counted (title) VALUES ('mine')");
      await connection.query("SELECT * FROM counted");
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*lock wait timeout/i);
      expect(failure.hint).to.include(`connection ${connection.threadId} (root@`).and.include("shop.counted");
      expect(failure.cause).to.have.property("code", "ER_LOCK_WAIT_TIMEOUT");
    } finally {
      connection.destroy();
    }
  });

  it("fails with RESET_FAILED, the service and the driver's own error, whatever goes wrong", async () => {
    await sql("RENAME TABLE stackspec_baseline.tables TO stackspec_baseline.hidden");
    try {
      const failure = await failureOf(stack.reset());
      expect(failure.sentence).to.match(/^RESET_FAILED: db: .*stackspec_baseline\.tables.*doesn't exist/);
      expect(failure.cause).to.have.property("code", "ER_NO_SUCH_TABLE");
    } finally {
      await sql("RENAME TABLE stackspec_baseline.hidden TO stackspec_baseline.tables");
    }
  });
});
