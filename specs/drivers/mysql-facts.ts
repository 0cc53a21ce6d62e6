import { expect } from "chai";
import fc from "fast-check";
import { connectAsRoot, queryAsRoot } from "../integration/mysql.ts";
import type { RootedServer } from "../integration/mysql.ts";
import { changesIn } from "./mysql-dump.ts";

const BODY = "BEGIN DECLARE word TEXT DEFAULT 'é'; INSERT INTO log (msg) VALUES (word); END";
/** What the tasks of a stack leave in the database `shop`. */
export const TASKS = [
  "CREATE TABLE pairs (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20), UNIQUE KEY a_b (a, b))",
  "INSERT INTO pairs (a, b) VALUES ('x', 'y'), ('p', 'q')",
  "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, msg TEXT, pair INT, FOREIGN KEY (pair) REFERENCES pairs (id))",
  "CREATE TABLE kinds (a INT, f FLOAT, d DOUBLE, n DECIMAL(30, 10), j JSON, t TIMESTAMP(6) NULL, bits BIT(64), bytes BLOB, g GEOMETRY, latin TEXT CHARACTER SET latin1, e ENUM('', '1', '0'), s SET('x', 'y'), twice INT AS (a * 2) STORED, hidden INT DEFAULT 7 INVISIBLE, CHECK (a < 1000))",
  "CREATE TABLE parts (a INT) PARTITION BY HASH (a) PARTITIONS 3",
  "INSERT INTO parts VALUES (1), (2), (NULL)",
  "INSERT INTO kinds (a, f, d, n, j, t, bits, bytes, g, latin, e, s) VALUES (1, 0.1, 0.30000000000000004, 1.5, JSON_OBJECT('at', CAST('2020-01-01' AS DATE)), '2020-01-01 00:00:00.000001', ~0, x'00ff', ST_GeomFromText('POINT(1 2)', 4326), 'é', '', 'x,y')",
  "INSERT INTO kinds (a) VALUES (2), (2), (NULL)",
  "CREATE TABLE heads (id INT PRIMARY KEY)",
  "CREATE TABLE `tail's Ü-\"x` (id INT PRIMARY KEY, head INT, FOREIGN KEY (head) REFERENCES heads (id) ON DELETE CASCADE)",
  "CREATE TABLE ends (tail INT PRIMARY KEY, FOREIGN KEY (tail) REFERENCES `tail's Ü-\"x` (id) ON DELETE CASCADE)",
  "INSERT INTO heads VALUES (1), (2)",
  "INSERT INTO `tail's Ü-\"x` VALUES (3, 1), (4, 2)",
  "INSERT INTO ends VALUES (3), (4)",
  "CREATE TABLE exact (k VARCHAR(20) PRIMARY KEY, f FLOAT, d DOUBLE, j JSON, latin TEXT CHARACTER SET latin1, bits BIT(64), g GEOMETRY, e ENUM('', '1', '0'), twice INT AS (LENGTH(k) * 2) STORED)",
  "INSERT INTO exact (k, f, d, j, latin, bits, g, e) SELECT k, 0.1, 0.30000000000000004, '{\"a\": 1}', IF(k = 'd', NULL, 'é'), ~0, ST_GeomFromText('POINT(1 2)', 4326), '' FROM (SELECT 'a' AS k UNION SELECT 'b' UNION SELECT 'c' UNION SELECT 'd' UNION SELECT 'e' UNION SELECT 'f' UNION SELECT 'g' UNION SELECT 'h' UNION SELECT 'i') AS ks",
  "CREATE TABLE untouched (a INT)",
  "CREATE TABLE quick (a INT) ENGINE = MEMORY",
  "INSERT INTO quick VALUES (1), (2)",
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  "CREATE TABLE old (id INT AUTO_INCREMENT PRIMARY KEY, at DATE)",
  "INSERT INTO old VALUES (0, '0000-00-00'), (9, '2020-00-00')",
  "CREATE TRIGGER first AFTER UPDATE ON pairs FOR EACH ROW INSERT INTO log (msg) VALUES ('first')",
  "SET SESSION sql_mode = DEFAULT",
  "CREATE USER definer@localhost",
  "GRANT ALL ON shop.* TO definer@localhost",
  "CREATE DEFINER = definer@localhost TRIGGER second AFTER UPDATE ON pairs FOR EACH ROW PRECEDES first SET @second = 1",
  `CREATE TRIGGER third AFTER INSERT ON pairs FOR EACH ROW ${BODY}`,
  "CREATE VIEW base AS SELECT id, a FROM pairs",
  "CREATE SQL SECURITY INVOKER VIEW above AS SELECT a FROM base WHERE a <> 'é'",
  `CREATE PROCEDURE note() ${BODY}`,
  "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
  "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM log",
  "CREATE DATABASE bare CHARACTER SET latin1",
  "CREATE USER app IDENTIFIED BY 'one'",
  "CREATE ROLE reader",
  "GRANT SELECT ON shop.* TO reader",
  "GRANT reader TO app",
  "GRANT EXECUTE ON PROCEDURE shop.note TO app",
  "GRANT UPDATE (msg) ON shop.log TO app",
  "SET GLOBAL long_query_time = 7",
];

/** The same of changes that are not seen as easily: each with nothing else that could bring rows back. */
export const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  "brings back rows that have taken each other's unique values": [
    "UPDATE pairs SET b = 'z' WHERE id = 1",
    "UPDATE pairs SET a = 'x', b = 'y' WHERE id = 2",
    "UPDATE pairs SET a = 'p', b = 'q' WHERE id = 1",
  ],
  "brings back a row whose unique value another has taken": [
    "DELETE FROM pairs WHERE id = 1",
    "INSERT INTO pairs (id, a, b) VALUES (50, 'x', 'y')",
  ],
  "brings back each value of rows that have a key, and the key": [
    "UPDATE exact SET k = 'A' WHERE k = 'a'",
    "UPDATE exact SET f = 0.10000001 WHERE k = 'b'",
    "UPDATE exact SET d = 0.3 WHERE k = 'c'",
    "UPDATE exact SET latin = 'NULL' WHERE k = 'd'",
    "UPDATE exact SET e = '1' WHERE k = 'e'",
    "UPDATE exact SET g = ST_GeomFromText('POINT(1 2)') WHERE k = 'f'",
    "UPDATE exact SET bits = bits - 1 WHERE k = 'g'",
    "UPDATE exact SET latin = 'É', j = '{\"a\": \"1\"}' WHERE k = 'h'",
    "DELETE FROM exact WHERE k = 'i'",
    "INSERT INTO exact (k) VALUES ('mine')",
  ],
  "brings back rows of a table whose name has to be quoted": ["UPDATE `tail's Ü-\"x` SET head = NULL"],
  "brings back rows that foreign keys of others took along": ["DELETE FROM heads WHERE id = 1"],
  "brings back rows that an engine deletes all at once": ["DELETE FROM quick"],
  "brings back rows that were truncated": ["TRUNCATE TABLE parts"],
  "brings back rows that were changed while their table had another name": [
    "RENAME TABLE kinds TO others",
    "UPDATE others SET a = 5 WHERE a = 1",
    "RENAME TABLE others TO kinds",
  ],
  "brings back rows of a table that was made again as it was": [
    "CREATE TABLE others LIKE parts",
    "DROP TABLE parts",
    "CREATE TABLE parts LIKE others",
    "DROP TABLE others",
  ],
  "brings back rows that a prepared statement of a procedure changed": [
    "CREATE PROCEDURE mine() BEGIN PREPARE step FROM 'UPDATE parts SET a = a + 1'; EXECUTE step; END",
    "CALL mine()",
  ],
};

/** By what a reset is expected to do: what specs do before it. */
export const FACTS: Readonly<Record<string, readonly string[]>> = {
  "brings back two texts of a row that were swapped": ["UPDATE pairs SET a = 'y', b = 'x' WHERE id = 1"],
  "brings back a text that its collation takes for equal": ["UPDATE pairs SET a = 'X' WHERE id = 1"],
  "brings back NULL that became a text of that name": ["UPDATE kinds SET latin = 'NULL' WHERE a = 2"],
  "brings back the last digit of a double": ["UPDATE kinds SET d = 0.3 WHERE a = 1"],
  "brings back a FLOAT": ["UPDATE kinds SET f = 0.10000001 WHERE a = 1"],
  "brings back a single bit": ["UPDATE kinds SET bits = bits - 1 WHERE a = 1"],
  "brings back the reference system of a point": ["UPDATE kinds SET g = ST_GeomFromText('POINT(1 2)') WHERE a = 1"],
  "brings back a member of an ENUM that is named like a number": ["UPDATE kinds SET e = '1' WHERE a = 1"],
  "brings back an invisible column": ["UPDATE kinds SET hidden = 8"],
  "removes one of two equal rows": ["INSERT INTO kinds (a) VALUES (2)"],
  "brings back one of two equal rows": ["DELETE FROM kinds WHERE a = 2 LIMIT 1"],
  "brings back an id of 0 and a day of 0": ["DELETE FROM old"],
  "lets no trigger of the tasks fire for rows that come back": ["DELETE FROM log", "DELETE FROM pairs"],
  "lets no trigger of a spec change rows that come back": [
    "CREATE TRIGGER bad BEFORE INSERT ON old FOR EACH ROW SET NEW.at = '2021-01-01'",
    "DELETE FROM old",
  ],
  "brings back a trigger, with definer and place": ["DROP TRIGGER second"],
  "brings back triggers of a table that was altered": ["ALTER TABLE pairs ADD COLUMN surprise INT"],
  "brings back triggers of a table that was dropped": ["DROP TABLE log", "DROP TABLE pairs"],
  "brings back two tables whose key has become of another type": [
    "ALTER TABLE log DROP FOREIGN KEY log_ibfk_1, MODIFY pair BIGINT",
    "ALTER TABLE pairs MODIFY id BIGINT AUTO_INCREMENT",
    "ALTER TABLE log ADD FOREIGN KEY (pair) REFERENCES pairs (id)",
  ],
  "brings back the partitions of a table": ["ALTER TABLE parts COALESCE PARTITION 1"],
  "brings back a table that has another name": ["RENAME TABLE pairs TO fixed_pairs"],
  "brings back a view below another": ["DROP VIEW base", "CREATE TABLE base (id INT)"],
  "removes a view": ["CREATE VIEW mine AS SELECT 1 AS one"],
  "brings back a procedure and who may call it": ["DROP PROCEDURE note"],
  "brings back a function that was changed": [
    "DROP FUNCTION twice",
    "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 3",
  ],
  "removes a procedure": ["CREATE PROCEDURE mine() SELECT 1"],
  "brings back an event": ["DROP EVENT daily"],
  "removes an event": ["CREATE EVENT mine ON SCHEDULE EVERY 1 SECOND DO INSERT INTO log (msg) VALUES ('again')"],
  "removes a user": ["CREATE USER mine", "GRANT ALL ON *.* TO mine"],
  "brings back a user with role and grants": ["DROP USER app"],
  "brings back a password": ["ALTER USER app IDENTIFIED BY 'two'"],
  "brings back a grant": ["REVOKE SELECT ON shop.* FROM reader"],
  "brings back a grant on a column": ["REVOKE UPDATE (msg) ON shop.log FROM app"],
  "brings back the members of a role": ["REVOKE reader FROM app"],
  "removes an empty database": ["CREATE DATABASE mine"],
  "brings back an empty database": ["DROP DATABASE bare"],
  "brings back a database with all that it holds": ["DROP DATABASE shop"],
  "brings back a database's character set": ["ALTER DATABASE bare CHARACTER SET utf8mb4"],
  "brings back the rules for statements": ["SET GLOBAL sql_mode = 'ANSI_QUOTES'"],
  "brings back the time zone": ["SET GLOBAL time_zone = '+05:00'"],
  "brings back a number of the server's": ["SET GLOBAL max_connections = 20"],
  "brings back a number that the tasks set": ["SET GLOBAL long_query_time = 3.5"],
};

/** What properties add to those: in any order, also where some of it fails. */
export const OTHERS: readonly (readonly string[])[] = [
  "INSERT INTO pairs (a, b) VALUES (LEFT(UUID(), 8), 'mine')",
  "TRUNCATE TABLE log",
  "DROP TABLE kinds",
  "CREATE TABLE mine (id INT PRIMARY KEY, pair INT, FOREIGN KEY (pair) REFERENCES pairs (id))",
  "CREATE TRIGGER mine BEFORE INSERT ON log FOR EACH ROW SET NEW.msg = 'mine'",
  "DROP TRIGGER first",
  "ALTER TABLE old AUTO_INCREMENT = 100",
  "CREATE OR REPLACE VIEW above AS SELECT 1 AS one",
  "ALTER EVENT daily DISABLE",
  "ALTER PROCEDURE note COMMENT 'mine'",
  "GRANT INSERT ON shop.pairs TO reader WITH GRANT OPTION",
].map((statement) => [statement]);

/** A server that a reset brings back to where its tasks left it, and what it holds. */
export interface ServerUnderTest {
  readonly server: () => RootedServer;
  readonly reset: () => Promise<void>;
  readonly dump: () => Promise<string>;
  /** What it held before. */
  readonly before: () => string;
  /** Asks how often the server has read a row of a table of the suite's. */
  readonly reads: string;
}

/** One spec for each of the facts, and one of properties. */
export function itBringsBack(
  { server, reset, dump, before, reads }: ServerUnderTest,
  facts: Readonly<Record<string, readonly string[]>>,
  others: readonly (readonly string[])[],
): void {
  for (const [sentence, statements] of Object.entries(facts))
    it(sentence, async () => {
      await run(server(), statements);
      // A view without its table cannot be dumped.
      expect(await dump().catch(String)).not.to.equal(before());
      await reset();
      expect(changesIn(before(), await dump())).to.deep.equal([]);
    });

  it("reads no row of a table that nobody has written to", async () => {
    await reset();
    const readsNow = (): Promise<unknown> => queryAsRoot(server(), "shop", reads);
    const found = await readsNow();
    await run(server(), ["INSERT INTO log (msg) VALUES ('mine')"]);
    await reset();
    expect(await readsNow()).to.deep.equal(found);
  });

  it("brings back everything after any statements in any order", async () => {
    const statements = fc.constantFrom(...Object.values(facts), ...others);
    await fc.assert(
      fc.asyncProperty(fc.array(statements, { minLength: 2, maxLength: 8 }), async (mutations) => {
        // What one has dropped, the next cannot change.
        await run(server(), mutations.flat(), () => {});
        await reset();
        expect(changesIn(before(), await dump())).to.deep.equal([]);
      }),
      // Equal rows of a table without a key, which has no order to bring back.
      {
        numRuns: 15,
        endOnFailure: true,
        examples: [[[["DELETE FROM kinds WHERE a = 2 LIMIT 1"], ["INSERT INTO kinds (a) VALUES (2)"]]]],
      },
    );
  });
}

/** Runs statements as root in the database `shop`. */
export async function run(server: RootedServer, statements: readonly string[], onError = fail): Promise<void> {
  const connection = await connectAsRoot(server, "shop");
  try {
    for (const statement of statements) await connection.query(statement).catch(onError);
  } finally {
    connection.destroy();
  }
}

function fail(error: unknown): void {
  throw error;
}
