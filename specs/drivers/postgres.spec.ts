import { expect } from "chai";
import fc from "fast-check";
import { usePostgres } from "./postgres.ts";

const SCHEMA = [
  "CREATE ROLE app LOGIN PASSWORD 'app'; CREATE ROLE readers; GRANT readers TO app; ALTER ROLE app SET work_mem = '5MB'; ALTER DATABASE shop OWNER TO app",
  "CREATE ROLE gone LOGIN; COMMENT ON ROLE gone IS 'not for long'",
  "GRANT CREATE ON SCHEMA public TO app; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO readers",
  "CREATE TABLE todos (id serial PRIMARY KEY, title text UNIQUE, done bool NOT NULL DEFAULT false)",
  "INSERT INTO todos (title) VALUES ('a'), ('b'), ('c'); GRANT UPDATE ON todos TO app; GRANT SELECT ON todos TO app",
  // The next id is 6, though there is no row.
  "CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text)",
  "INSERT INTO counted (title) VALUES ('a'), ('b'), ('c'), ('d'), ('e'); DELETE FROM counted",
  "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE point3 AS (x float8, y numeric, note text); CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100)",
  `CREATE TABLE kinds (id int GENERATED ALWAYS AS IDENTITY, "Odd ""name""" text, j json, jb jsonb, list text[], bytes bytea, single float4, double float8, exact numeric,
     mood mood, place point3, share percent, at timestamptz, span interval, price money, range int4range, twice int GENERATED ALWAYS AS (id * 2) STORED, next int GENERATED ALWAYS AS (id + 1) VIRTUAL)`,
  `INSERT INTO kinds ("Odd ""name""", j, jb, list, bytes, single, double, exact, mood, place, share, at, span, price, range) VALUES
     (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
     ('', 'null', 'null', '{}', '', 'NaN', '-Infinity', 'NaN', 'sad', ROW(NULL, NULL, NULL), 0, '-infinity', '-1 day', -1, 'empty'),
     (E'two\\nlines, "quoted" \\\\ {and} (more)', '{"a":  1, "a": 2}', '{"b": [1, null]}', '{NULL,"NULL","","a,b","{}"}', '\\x00ff', 0.1, 0.1::float8 + 0.2, 1.10, 'ok',
      ROW(1e-300, 1.50, 'a "b", (c)'), 100, '2026-01-01 12:00:00.123456+03', '1 year 2 mons -3 days 04:05:06.7', 12.34, '[1,5)')`,
  "CREATE TABLE many (id int PRIMARY KEY, filler text); INSERT INTO many SELECT i, repeat('x', 500) FROM generate_series(1, 300) i",
  "CREATE TABLE measured (at date NOT NULL, value int) PARTITION BY RANGE (at); CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); CREATE TABLE measured_2 PARTITION OF measured DEFAULT",
  "INSERT INTO measured VALUES ('2026-01-05', 1), ('2026-05-05', 2)",
  "CREATE TABLE parents (id int PRIMARY KEY, favourite int); CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents (id)); ALTER TABLE parents ADD FOREIGN KEY (favourite) REFERENCES children (id)",
  "INSERT INTO parents VALUES (1, NULL), (2, NULL); INSERT INTO children VALUES (10, 1), (20, 2); UPDATE parents SET favourite = id * 10",
  "CREATE UNLOGGED TABLE cache (key text PRIMARY KEY, value text); INSERT INTO cache VALUES ('a', '1'); GRANT SELECT, UPDATE ON cache TO app",
  "CREATE VIEW open AS SELECT * FROM todos WHERE NOT done; CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM todos WITH NO DATA",
  // It tells of rows that are no longer there.
  "CREATE TABLE seen (n int); INSERT INTO seen VALUES (1); CREATE MATERIALIZED VIEW stale AS TABLE seen; DELETE FROM seen",
  "CREATE TABLE audit (what text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit VALUES (TG_OP); RETURN NEW; END $$",
  "CREATE TABLE watched (id int PRIMARY KEY); CREATE TRIGGER noting AFTER INSERT OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE watched ENABLE ALWAYS TRIGGER noting; INSERT INTO watched VALUES (1); DELETE FROM audit",
  "CREATE RULE nowhere AS ON INSERT TO seen DO INSTEAD NOTHING",
  'CREATE EXTENSION pgcrypto; CREATE SCHEMA "Other"; CREATE TABLE "Other"."Things" (id int); CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS \'SELECT $1 / 2\'',
  "SELECT lo_from_bytea(4711, 'a large object')",
];

describe("a reset of a PostgreSQL server", function () {
  this.timeout(120_000);
  const { driver, another, sql, connect, changed, crash } = usePostgres(SCHEMA);
  /** What a spec may do, and what a reset takes back. */
  const changes: Readonly<Record<string, string>> = {
    "rows that were added": "INSERT INTO todos (title) VALUES ('d'), ('e')",
    "rows that were changed": "UPDATE todos SET title = upper(title)",
    "rows that were removed": "DELETE FROM todos WHERE id = 2",
    "values of two rows that were swapped":
      "UPDATE todos SET title = 'x' WHERE id = 1; UPDATE todos SET title = 'a' WHERE id = 2; UPDATE todos SET title = 'b' WHERE id = 1",
    "rows that have the key of others": "DELETE FROM todos; INSERT INTO todos VALUES (3, 'a'), (2, 'c'), (1, 'b')",
    "rows of every type": "UPDATE kinds SET bytes = 'x', mood = 'ok', place = NULL, j = '{}', list = '{x}'",
    "rows of every type that were removed": "DELETE FROM kinds",
    "a value that became NULL, and one that was": `UPDATE kinds SET "Odd ""name""" = CASE WHEN "Odd ""name""" IS NULL THEN '' END`,
    "a row among many": "UPDATE many SET filler = 'y' WHERE id = 150",
    "rows that a vacuum has moved": "DELETE FROM many WHERE id % 2 = 0",
    "a table that was emptied": "TRUNCATE todos RESTART IDENTITY",
    "rows of a partition": "UPDATE measured SET at = at + 40; INSERT INTO measured VALUES ('2026-01-06', 3)",
    "rows that refer to each other":
      "UPDATE parents SET favourite = NULL; DELETE FROM children; DELETE FROM parents; INSERT INTO parents VALUES (1, NULL)",
    "a table without a log": "UPDATE cache SET value = '2'; INSERT INTO cache VALUES ('b', '3')",
    "rows with a trigger that always fires": "DELETE FROM watched; TRUNCATE audit",
    ids: "INSERT INTO counted (title) VALUES ('x'); DELETE FROM counted; SELECT setval('todos_id_seq', 100)",
    "an id that was taken without a row": "SELECT nextval('todos_id_seq')",
    "a table that was added": "CREATE TABLE more (id serial PRIMARY KEY); INSERT INTO more DEFAULT VALUES",
    "a table that was dropped": "DROP TABLE kinds",
    "a column that was added": "ALTER TABLE todos ADD COLUMN more int DEFAULT 1",
    "a column that was dropped": "ALTER TABLE many DROP COLUMN filler",
    "a column of another type":
      "ALTER TABLE counted ALTER COLUMN title TYPE varchar(9); INSERT INTO counted (title) VALUES ('x')",
    "a table with another name": "ALTER TABLE todos RENAME TO tasks",
    "an index and a constraint":
      "CREATE INDEX more ON todos (done); ALTER TABLE children DROP CONSTRAINT children_parent_fkey",
    "a partition":
      "CREATE TABLE measured_3 PARTITION OF measured FOR VALUES FROM ('2026-02-01') TO ('2026-03-01'); INSERT INTO measured VALUES ('2026-02-02', 3)",
    "a view": "DROP VIEW open; CREATE VIEW shut AS SELECT * FROM todos WHERE done",
    "a function":
      "CREATE OR REPLACE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT 0'; CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a trigger":
      "DROP TRIGGER noting ON watched; CREATE TRIGGER other BEFORE INSERT ON todos FOR EACH ROW EXECUTE FUNCTION note()",
    "a trigger that sleeps": "ALTER TABLE watched DISABLE TRIGGER noting",
    types: "ALTER TYPE mood ADD VALUE 'glad'; DROP TYPE point3 CASCADE; CREATE TYPE more AS (a int)",
    extensions: "DROP EXTENSION pgcrypto; CREATE EXTENSION hstore; DROP FUNCTION note CASCADE; DROP EXTENSION plpgsql",
    schemas: 'CREATE SCHEMA more; CREATE TABLE more.things (id int); DROP SCHEMA "Other" CASCADE',
    "the schema public": "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    grants:
      "GRANT ALL ON todos TO app; REVOKE UPDATE ON todos FROM app; REVOKE CREATE ON SCHEMA public FROM app; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM readers",
    comments:
      "COMMENT ON TABLE todos IS 'more'; COMMENT ON COLUMN todos.id IS 'more'; COMMENT ON DATABASE shop IS 'more'",
    "row security": "ALTER TABLE todos ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON todos USING (id = 1)",
    "a publication, an event trigger, a foreign server and a cast":
      "CREATE PUBLICATION more FOR TABLE todos; CREATE FUNCTION ends() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; end $$; CREATE EXTENSION postgres_fdw; CREATE SERVER more FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR app SERVER more; CREATE CAST (mood AS bytea) WITH INOUT; CREATE EVENT TRIGGER more ON sql_drop EXECUTE FUNCTION ends()",
    "roles that were added":
      "CREATE ROLE bob LOGIN; CREATE TABLE his (id int); ALTER TABLE his OWNER TO bob; GRANT SELECT ON todos TO bob; GRANT app TO bob; ALTER ROLE bob SET work_mem = '6MB'; CREATE DATABASE his OWNER bob",
    "a role that was dropped": "DROP ROLE gone",
    "a role with another name": "ALTER ROLE app RENAME TO appl",
    "a password and what a role may do":
      "ALTER ROLE app PASSWORD 'other' CREATEDB CONNECTION LIMIT 3 VALID UNTIL '2030-01-01'",
    memberships: "REVOKE readers FROM app; GRANT readers TO gone WITH ADMIN OPTION; GRANT app TO gone GRANTED BY owner",
    "settings of roles and databases":
      "ALTER ROLE app RESET ALL; ALTER ROLE app IN DATABASE shop SET search_path = \"Other\", public; ALTER DATABASE shop SET work_mem = '7MB'",
    "what a database allows":
      "ALTER DATABASE shop OWNER TO owner; REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CREATE ON DATABASE shop TO gone; ALTER DATABASE shop CONNECTION LIMIT 50; ALTER DATABASE shop ALLOW_CONNECTIONS false",
    "databases that were added": 'CREATE DATABASE "More"',
    "large objects": "SELECT lo_unlink(4711); SELECT lo_from_bytea(4712, 'x')",
  };
  for (const [what, statements] of Object.entries(changes))
    it(`brings back ${what}`, async () => {
      // The statements are each on their own: some cannot be in one transaction with others.
      for (const statement of statements.split(/; (?=[A-Z])/))
        await sql(statement, statement.includes("ALLOW_CON") ? "postgres" : undefined);
      if (what.includes("vacuum")) await sql("VACUUM FULL many");
      await driver().reset();
      expect(await changed()).to.deep.equal([]);
    });

  it("brings back a table without a log where nothing else was changed", async () => {
    // The first looks at what those before it have written.
    await driver().reset();
    await driver().reset();
    await sql("UPDATE cache SET value = '2'");
    await driver().reset();
    expect(await sql("SELECT value FROM cache")).to.deep.equal([{ value: "1" }]);
  });

  it("brings back what ALTER SYSTEM has set", async () => {
    await sql("ALTER SYSTEM SET work_mem = '77MB'");
    await sql("SELECT pg_reload_conf()");
    await driver().reset();
    expect(await sql("SELECT pg_read_file('postgresql.auto.conf') LIKE '%work_mem%' AS is_set")).to.deep.equal([
      { is_set: false },
    ]);
  });

  it("brings back rows of a materialized view that its query would not find", async () => {
    await sql("REFRESH MATERIALIZED VIEW stale");
    await driver().reset();
    expect(await sql("SELECT * FROM stale")).to.deep.equal([{ n: 1 }]);
  });

  it("leaves a materialized view that had no rows yet without any", async () => {
    await sql("REFRESH MATERIALIZED VIEW counts");
    await driver().reset();
    await expect(sql("SELECT * FROM counts")).to.be.rejectedWith(/has not been populated/);
  });

  it("lets ids go on where the tasks have left them, though there is no row", async () => {
    await sql("INSERT INTO counted (title) VALUES ('mine'); DELETE FROM counted");
    await driver().reset();
    expect(await sql("INSERT INTO counted (title) VALUES ('next') RETURNING id")).to.deep.equal([{ id: 6 }]);
    await driver().reset();
  });

  it("fires no trigger for what it brings back, and leaves them awake", async () => {
    await sql("DELETE FROM watched; DELETE FROM audit");
    await driver().reset();
    expect(await sql("INSERT INTO watched VALUES (2); SELECT what FROM audit")).to.deep.equal([{ what: "INSERT" }]);
    await driver().reset();
  });

  it("looks only at what was written since the one before", async () => {
    await sql("UPDATE todos SET title = upper(title)");
    await driver().reset();
    await driver().reset();
    await sql("UPDATE stackspec_baseline.rows SET content = '(1,noted,f)' WHERE content = '(1,a,f)'");
    try {
      await driver().reset();
      expect(await sql("SELECT title FROM todos WHERE id = 1")).to.deep.equal([{ title: "a" }]);
    } finally {
      await sql("UPDATE stackspec_baseline.rows SET content = '(1,a,f)' WHERE content = '(1,noted,f)'");
    }
  });

  it("looks at everything where the log of that time is gone", async () => {
    await sql("UPDATE todos SET title = upper(title)");
    await sql("ALTER SYSTEM SET wal_keep_size = 0");
    await sql("SELECT pg_reload_conf()");
    const name = "SELECT pg_walfile_name(lsn::pg_lsn) IN (SELECT name FROM pg_ls_waldir()) AS there FROM public.noted";
    do {
      await sql("SELECT pg_switch_wal()");
      await sql("CHECKPOINT");
    } while (((await sql(name, "stackspec_baseline")) as { there: boolean }[])[0]!.there);
    await driver().reset();
    expect(await changed()).to.deep.equal([]);
  });

  it("leaves the application's connections open, with what they have prepared", async () => {
    const client = await connect("shop", { user: "app", password: "app" });
    try {
      const ask = () => client.query({ name: "open", text: "SELECT title FROM todos WHERE id = $1", values: [1] });
      await ask();
      await sql(
        "UPDATE todos SET title = 'x' WHERE id = 1; ALTER TABLE todos ADD COLUMN more int; CREATE TABLE mine (id int)",
      );
      await driver().reset();
      expect((await ask()).rows).to.deep.equal([{ title: "a" }]);
    } finally {
      await client.end();
    }
  });

  it("leaves no connection to the suite's databases: they can be copied", async () => {
    await sql("INSERT INTO todos (title) VALUES ('x')");
    await driver().reset();
    await sql("CREATE DATABASE copy TEMPLATE shop", "postgres");
    await driver().reset();
  });

  it("waits for a transaction that is about to end", async () => {
    const client = await connect();
    try {
      await client.query("BEGIN; INSERT INTO many VALUES (1000, 'first')");
      const done = driver().reset();
      await until(sql, "SELECT FROM pg_locks WHERE NOT granted");
      await client.query("INSERT INTO many SELECT i, repeat('z', 500) FROM generate_series(1001, 1100) i; COMMIT");
      await done;
      expect(await sql("SELECT FROM many WHERE id >= 1000")).to.deep.equal([]);
    } finally {
      await client.end();
    }
  });

  it("names the open transactions, and the prepared ones, that keep it from tables", async () => {
    const client = await connect("shop", { user: "app", password: "app" });
    try {
      await client.query("BEGIN; UPDATE todos SET title = upper(title); PREPARE TRANSACTION 'mine'");
      await client.query("BEGIN; UPDATE cache SET value = 'x'");
      const error: unknown = await driver()
        .reset()
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      expect(error).to.have.property("code", "55P03");
      expect(await driver().adviceOn!(error))
        .to.match(/^end the transaction of a spec that is still open: /)
        .and.match(/connection \d+ \(app@[\d.]+, idle in transaction for \d+ s\) holds public.cache/)
        .and.match(/the prepared transaction 'mine' of app holds public.todos/);
    } finally {
      await client.query("ROLLBACK");
      await client.query("ROLLBACK PREPARED 'mine'").finally(() => client.end());
    }
    await driver().reset();
    expect(await changed()).to.deep.equal([]);
  });

  it("says which database was dropped", async () => {
    await sql("ALTER DATABASE postgres RENAME TO other");
    try {
      await expect(driver().reset()).to.be.rejectedWith("the database postgres was dropped or renamed");
    } finally {
      await sql("ALTER DATABASE other RENAME TO postgres");
      await driver().reset();
    }
  });

  it("says when what new databases are made of has changed", async () => {
    await sql("CREATE TABLE everywhere (id int)", "template1");
    try {
      await expect(driver().reset()).to.be.rejectedWith("the database template1 was changed");
    } finally {
      await sql("DROP TABLE everywhere", "template1");
    }
  });

  it("says when a parameter was granted", async () => {
    await sql("GRANT SET ON PARAMETER log_statement TO app");
    try {
      await expect(driver().reset()).to.be.rejectedWith("the grants on parameters were changed");
    } finally {
      await sql("REVOKE SET ON PARAMETER log_statement FROM app");
    }
  });

  it("reads the superuser's password from the file that the container has it in", async () => {
    const driver_ = another({
      environment: { POSTGRES_USER: "owner", POSTGRES_PASSWORD_FILE: "/run/secrets/password" },
      exec: (command) =>
        Promise.resolve({ exitCode: 0, output: command.at(-1) === "/run/secrets/password" ? "secret\n" : "" }),
    });
    try {
      await driver().reset();
      await driver_.reset();
    } finally {
      await driver_.close?.();
    }
  });

  it("goes on after the server has crashed", async () => {
    await sql("UPDATE todos SET title = upper(title); INSERT INTO cache VALUES ('c', '1')");
    await crash();
    await driver().reset();
    expect(await changed()).to.deep.equal([]);
  });

  it("of a worker that shares it touches no other's databases, and nothing of the server", async () => {
    await sql("CREATE DATABASE shop__worker_1 TEMPLATE shop");
    const worker = another({ suffix: "__worker_1", shared: true });
    try {
      await worker.takeBaseline();
      await sql("CREATE ROLE mine");
      await sql("UPDATE todos SET title = upper(title)");
      await sql("UPDATE todos SET title = upper(title)", "shop__worker_1");
      await worker.reset();
      expect({
        shop: await sql("SELECT title FROM todos WHERE id = 1"),
        worker: await sql("SELECT title FROM todos WHERE id = 1", "shop__worker_1"),
        role: await sql("SELECT rolname FROM pg_roles WHERE rolname = 'mine'"),
      }).to.deep.equal({ shop: [{ title: "A" }], worker: [{ title: "a" }], role: [{ rolname: "mine" }] });
    } finally {
      await worker.close?.();
      for (const database of ["shop__worker_1", "stackspec_baseline__worker_1"]) await sql(`DROP DATABASE ${database}`);
    }
  });

  it("brings back whatever was done", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STATEMENT, { minLength: 1, maxLength: 12 }), async (statements) => {
        const client = await connect();
        try {
          // Many fail, as others before them have taken what they need.
          for (const statement of statements) await client.query(statement).catch(() => {});
        } finally {
          await client.end();
        }
        await driver().reset();
        expect(await changed()).to.deep.equal([]);
      }),
      { numRuns: 6 },
    );
  });
});

const name = fc.constantFrom(
  "todos",
  "counted",
  "kinds",
  "many",
  "measured",
  "measured_1",
  "parents",
  "children",
  "cache",
  "watched",
  "audit",
  "seen",
  "mine",
);
const column = fc.constantFrom(
  "id",
  "title",
  "done",
  "mood",
  "filler",
  "at",
  "value",
  "favourite",
  "parent",
  "what",
  "n",
  "mine",
);
const text = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .map((value) => `'${value.replaceAll("\0", "").replaceAll("'", "''")}'`);
const number = fc.integer({ min: -5, max: 400 });
const role = fc.constantFrom("app", "readers", "gone", "mine");
const filled = (template: string): fc.Arbitrary<string> =>
  fc
    .record({ name, column, text, number, role })
    .map((values) => template.replaceAll(/<(\w+)>/g, (_, key: keyof typeof values) => String(values[key])));

/** Something that a spec may do. */
const STATEMENT = fc.oneof(
  ...[
    "INSERT INTO todos (title, done) VALUES (<text>, true)",
    "UPDATE todos SET title = <text> WHERE id <> <number> % 4",
    'UPDATE kinds SET "Odd ""name""" = <text>, jb = to_jsonb(<text>), bytes = convert_to(<text>, \'UTF8\'), list = ARRAY[<text>, NULL], exact = <number>, share = <number>',
    "UPDATE kinds SET place = ROW(<number>, <number>, <text>), mood = 'ok' WHERE id = <number> % 3",
    "INSERT INTO kinds (double, j) VALUES (<number>, to_json(<text>))",
    "UPDATE many SET filler = repeat(<text>, <number>) WHERE id % 50 = <number> % 50",
    "UPDATE many SET filler = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 200) i) WHERE id = <number>",
    "INSERT INTO many SELECT i, <text> FROM generate_series(301, 301 + <number>) i",
    "INSERT INTO measured VALUES ('2026-01-15'::date + <number>, <number>)",
    "UPDATE measured SET at = at + <number>",
    "UPDATE parents SET favourite = NULL WHERE id = <number> % 3",
    "INSERT INTO cache VALUES (<text>, <text>)",
    "INSERT INTO watched VALUES (<number>)",
    "DELETE FROM <name>",
    "DELETE FROM <name> WHERE id % 3 = <number> % 3",
    "TRUNCATE <name> RESTART IDENTITY CASCADE",
    "SELECT setval('todos_id_seq', <number>)",
    "SELECT nextval('counted_id_seq')",
    "BEGIN; INSERT INTO todos (title) VALUES (<text>); DELETE FROM many; ROLLBACK",
    "BEGIN; INSERT INTO todos (title) VALUES (<text>); SAVEPOINT one; DELETE FROM <name>; ROLLBACK TO one; COMMIT",
    "REFRESH MATERIALIZED VIEW stale",
    "VACUUM FULL <name>",
    "VACUUM (FREEZE) <name>",
    "CLUSTER many USING many_pkey",
    "CREATE TABLE mine AS SELECT * FROM <name>",
    "CREATE TABLE mine (id serial PRIMARY KEY, title text, parent int REFERENCES parents)",
    "CREATE TEMP TABLE todos (id int)",
    "DROP TABLE <name> CASCADE",
    "ALTER TABLE <name> ADD COLUMN mine int DEFAULT <number>",
    "ALTER TABLE <name> DROP COLUMN <column> CASCADE",
    "ALTER TABLE <name> RENAME COLUMN <column> TO mine",
    "ALTER TABLE <name> RENAME TO mine",
    "ALTER TABLE <name> ALTER COLUMN <column> SET DEFAULT NULL",
    "ALTER TABLE <name> OWNER TO <role>",
    "ALTER TABLE <name> SET UNLOGGED",
    "ALTER TABLE cache SET LOGGED",
    "ALTER TABLE <name> DISABLE TRIGGER ALL",
    "CREATE INDEX ON <name> (<column>)",
    "CREATE VIEW mine AS SELECT <column> FROM <name>",
    "CREATE MATERIALIZED VIEW mine AS SELECT <column> FROM <name>",
    "CREATE OR REPLACE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT <number>'",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT <number>'",
    "CREATE TYPE mine AS ENUM (<text>)",
    "ALTER TYPE mood ADD VALUE <text>",
    "ALTER TYPE point3 ADD ATTRIBUTE more int",
    "CREATE SCHEMA mine",
    "ALTER TABLE <name> SET SCHEMA mine",
    "CREATE EXTENSION citext",
    "CREATE SEQUENCE mine; ALTER SEQUENCE todos_id_seq INCREMENT 5",
    "COMMENT ON TABLE <name> IS <text>",
    "GRANT ALL ON <name> TO <role>",
    "REVOKE ALL ON <name> FROM <role>",
    "CREATE ROLE mine LOGIN PASSWORD <text>",
    "ALTER ROLE <role> PASSWORD <text>",
    "ALTER ROLE <role> SET work_mem = '<number>MB'",
    "GRANT <role> TO mine",
    "GRANT readers TO <role>",
    "DROP ROLE <role>",
    "ALTER ROLE <role> RENAME TO yours",
    "SELECT lo_from_bytea(0, convert_to(<text>, 'UTF8'))",
    "SELECT lo_put(4711, 2, convert_to(<text>, 'UTF8'))",
  ].map(filled),
);

/** Waits until a query has an answer. */
async function until(sql: (statement: string) => Promise<unknown[]>, query: string): Promise<void> {
  while ((await sql(query)).length === 0);
}
