import { gzipSync } from "node:zlib";
import { MariaDbContainer } from "@testcontainers/mariadb";
import type { StartedMariaDbContainer } from "@testcontainers/mariadb";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import { defineStack, startStack } from "stackspec";
import { engine } from "../integration/engine.ts";
import { itRunsAsItsOwnUser, printed, useSecondStart } from "./second-start.ts";

/** Scripts for /docker-entrypoint-initdb.d of each kind: each adds a line to the table `runs`. */
const SCRIPTS = [
  { target: "/docker-entrypoint-initdb.d/1.sql", content: "CREATE TABLE runs (script text);" },
  { target: "/docker-entrypoint-initdb.d/2.sql.gz", content: gzipSync("INSERT INTO runs VALUES ('sql.gz');") },
  { target: "/docker-entrypoint-initdb.d/3.sh", content: `docker_process_sql <<<"INSERT INTO runs VALUES ('sh');"` },
];
const RUNS = [{ script: "sql.gz" }, { script: "sh" }];

describe("postgres:18", () => {
  const server = useSecondStart({
    image: "postgres:18",
    data: "/var/lib/postgresql",
    create: (image) =>
      new PostgreSqlContainer(image)
        .withUsername("todo")
        .withDatabase("todos")
        .withCommand(["-c", "max_connections=17"])
        .withEnvironment({ POSTGRES_INITDB_ARGS_FILE: "/run/initdb-args" })
        .withCopyContentToContainer([{ target: "/run/initdb-args", content: "--wal-segsize=2", mode: 0o400 }])
        .withCopyContentToContainer(SCRIPTS),
    write: async (first) => {
      await query(first.getConnectionUri(), "CREATE TABLE notes AS SELECT 'from the first start' AS note");
      const idle = new Client({ connectionString: first.getConnectionUri() });
      idle.on("error", () => {}); // It is cut off.
      await idle.connect();
    },
  });

  async function query(connectionString: string, statement: string): Promise<unknown[]> {
    const client = new Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.end();
    }
  }
  const ask = (statement: string) => query(server().getConnectionUri(), statement);

  itRunsAsItsOwnUser(server);

  it("lets the declared user into the declared database", async () => {
    const [answer] = await ask("SELECT current_user AS user, current_database() AS database");
    expect(answer).to.deep.equal({ user: "todo", database: "todos" });
  });

  it("refuses another password", async () => {
    const uri = new URL(server().getConnectionUri());
    uri.password = "another";
    await expect(query(uri.href, "SELECT 1")).to.be.rejectedWith(/password authentication failed/);
  });

  it("runs the scripts of /docker-entrypoint-initdb.d in its first start only", async () => {
    await expect(ask("SELECT script FROM runs")).to.eventually.deep.equal(RUNS);
  });

  it("keeps its data in its volume", async () => {
    await expect(ask("SELECT note FROM notes")).to.eventually.deep.equal([{ note: "from the first start" }]);
  });

  it("reads a setting from a file that only root may read", async () => {
    await expect(ask("SHOW wal_segment_size")).to.eventually.deep.equal([{ wal_segment_size: "2MB" }]);
  });

  it("takes flags for its command", async () => {
    await expect(ask("SHOW max_connections")).to.eventually.deep.equal([{ max_connections: "17" }]);
  });

  it("ends in order when it is told to stop, also while a client is connected", async () => {
    const container = (await engine()).getContainer(server().getId());
    const log = (await container.logs({ stdout: true, stderr: true })).toString();
    expect(log)
      .to.match(/database system was shut down at/)
      .and.not.to.match(/was interrupted/);
  });

  it("starts as any user, also one without a name", async function () {
    this.timeout(60_000);
    const stack = defineStack("any-user", ({ service }) => ({
      server: service("server", ({ image }) => new PostgreSqlContainer(image).withUser("1234:1234"), {
        image: "postgres:18",
        durable: true,
      }),
    }));
    const running = await startStack(stack);
    try {
      await expect(printed(running.values.server, "stat", "-c", "%u", "/proc/1")).to.eventually.equal("1234");
    } finally {
      await running.stop();
    }
  });
});

describe("mariadb:11.8", () => {
  const server = useSecondStart({
    image: "mariadb:11.8",
    data: "/var/lib/mysql",
    create: (image) =>
      new MariaDbContainer(image)
        .withUsername("todo")
        .withDatabase("todos")
        .withEnvironment({ MYSQL_ROOT_HOST_FILE: "/run/root-host" })
        .withCopyContentToContainer([{ target: "/run/root-host", content: "localhost", mode: 0o400 }])
        .withCommand(["--max-connections=17"])
        .withCopyContentToContainer(SCRIPTS),
    write: async (first) => {
      await query(first, "CREATE TABLE notes AS SELECT 'from the first start' AS note");
    },
  });

  async function query(to: StartedMariaDbContainer, statement: string, asRoot = false): Promise<unknown> {
    const uri = to.getConnectionUri(asRoot).replace(/^mariadb:/, "mysql:");
    const connection = await createConnection({ uri });
    try {
      const [rows] = await connection.query(statement);
      return rows;
    } finally {
      await connection.end();
    }
  }
  const ask = (statement: string) => query(server(), statement);

  itRunsAsItsOwnUser(server);

  it("lets the declared user into the declared database", async () => {
    await expect(ask("SELECT current_user() AS user, database() AS db")).to.eventually.deep.equal([
      { user: "todo@%", db: "todos" },
    ]);
  });

  it("reads a file that only root may read, under the name that the setting has in MySQL's image", async () => {
    await expect(query(server(), "SELECT 1", true)).to.be.rejectedWith(/Access denied for user 'root'/);
  });

  it("runs the scripts of /docker-entrypoint-initdb.d in its first start only", async () => {
    await expect(ask("SELECT script FROM runs")).to.eventually.deep.equal(RUNS);
  });

  it("keeps its data in its volume", async () => {
    await expect(ask("SELECT note FROM notes")).to.eventually.deep.equal([{ note: "from the first start" }]);
  });

  it("takes flags for its command", async () => {
    await expect(ask("SELECT @@max_connections AS n")).to.eventually.deep.equal([{ n: 17 }]);
  });

  it("knows the names of time zones", async () => {
    const statement = "SELECT hour(convert_tz('2026-01-01 12:00:00', 'UTC', 'Asia/Tokyo')) AS hour";
    await expect(ask(statement)).to.eventually.deep.equal([{ hour: 21 }]);
  });

  it("is healthy by its own healthcheck.sh", async () => {
    await printed(server(), "healthcheck.sh", "--connect", "--innodb_initialized");
  });
});
