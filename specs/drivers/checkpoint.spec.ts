import { MariaDbContainer } from "@testcontainers/mariadb";
import { MySqlContainer } from "@testcontainers/mysql";
import type { StartedMariaDbContainer } from "@testcontainers/mariadb";
import type { StartedMySqlContainer } from "@testcontainers/mysql";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { connect } from "amqplib";
import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack, useStack } from "stackspec";
import type { Checkpoint } from "stackspec";
import { GenericContainer } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { shell } from "../integration/engine.ts";
import { PASSWORD, connectTo } from "./redis.ts";

/** The image of a service that does nothing but mount a volume. */
const redis = "redis:8";

const declared = defineStack("checkpoint", ({ service, task, volume }) => {
  const files = volume("files");
  const db = service("db", ({ image }) => new MySqlContainer(image).withDatabase("shop"), { image: "mysql:9.7" });
  const maria = service("maria", ({ image }) => new MariaDbContainer(image).withDatabase("shop"), {
    image: "mariadb:11.8",
  });
  const postgres = service("postgres", ({ image }) => new PostgreSqlContainer(image).withPassword(PASSWORD), {
    image: "postgres:18",
  });
  task(
    "rows",
    ({ image }) =>
      shell(image, `PGPASSWORD=${PASSWORD} psql -h postgres -U test -c 'CREATE TABLE rows (n serial, note text)'`),
    {
      image: "postgres:18",
      after: [postgres],
    },
  );
  const cache = service("cache", ({ image }) => new GenericContainer(image), { image: redis });
  const folder = service("folder", ({ image }) => shell(image, "echo tasks > /files/note; echo up; sleep 1000"), {
    image: redis,
    driver: false,
    reset: "keep",
    ready: logs(/up/),
    mounts: [files.at("/files")],
  });
  const local = service("local", () => ({ start: async () => ({ stop: async () => {} }) }));
  task("seed", ({ image }) => shell(image, "redis-cli -h cache set note tasks"), { image: redis, after: [cache] });
  const queue = service("queue", ({ image }) => new GenericContainer(image), { image: "rabbitmq:4" });
  return { db, maria, postgres, cache, folder, local, queue };
});

describe("a checkpoint", function () {
  this.timeout(120_000);
  requireEngine();
  const stack = useStack(declared, { scope: "suite" });

  const printed = async (
    server: StartedTestContainer,
    words: string[],
    env: Record<string, string>,
  ): Promise<string> => {
    const { exitCode, output } = await server.exec(words, { env });
    expect(exitCode, output).to.equal(0);
    return output.trim();
  };
  const sql = async (
    server: StartedMySqlContainer | StartedMariaDbContainer,
    client: string,
    note?: string,
  ): Promise<string> => {
    const words = [client, "--user=root", "--batch", "--skip-column-names", "shop"];
    const ask = (statement: string) =>
      printed(server, [...words, `--execute=${statement}`], { MYSQL_PWD: server.getRootPassword() });
    if (note !== undefined) await ask(`CREATE TABLE ${note} (id INT); INSERT INTO ${note} VALUES (1)`);
    return ask("SHOW TABLES");
  };
  /** Each kind of thing, how a spec leaves a text there, and finds it. */
  const kinds = {
    "a MySQL server": (note?: string) => sql(stack.db, "mysql", note),
    "a MariaDB server": (note?: string) => sql(stack.maria, "mariadb", note),
    async "a PostgreSQL server"(note?: string) {
      const ask = (statement: string) => printed(stack.postgres, ["psql", "-U", "test", "-Atc", statement], {});
      if (note !== undefined)
        await ask(
          `UPDATE rows SET note = '${note}'; INSERT INTO rows (note) VALUES ('${note}'); CREATE TABLE ${note} ()`,
        );
      return ask(
        "SELECT * FROM rows ORDER BY n; SELECT last_value FROM rows_n_seq; SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
      );
    },
    async "a Redis server"(note?: string) {
      const client = await connectTo(stack.cache, "");
      try {
        if (note !== undefined) await client.ask("SET", "note", note);
        return String(await client.ask("GET", "note"));
      } finally {
        client.close();
      }
    },
    async "a RabbitMQ server"(note?: string) {
      const { queue } = stack;
      const connection = await connect(`amqp://guest:guest@${queue.getHost()}:${queue.getMappedPort(5672)}`);
      try {
        const channel = await connection.createConfirmChannel();
        const { messageCount } = await channel.assertQueue("notes");
        if (note !== undefined) channel.sendToQueue("notes", Buffer.from(note));
        await channel.waitForConfirms();
        return String(messageCount + (note === undefined ? 0 : 1));
      } finally {
        await connection.close();
      }
    },
    async "a volume"(note?: string) {
      if (note !== undefined) await stack.folder.exec(["sh", "-c", `echo ${note} > /files/note`]);
      return (await stack.folder.exec(["cat", "/files/note"])).stdout.trim();
    },
  };
  const all = (note?: string) => Promise.all(Object.values(kinds).map((kind) => kind(note)));
  let states: Record<"tasks" | "first" | "second", string[]>;
  let first: Checkpoint;
  let second: Checkpoint;

  before("two have been taken, each of another state", async function () {
    this.timeout(60_000);
    const tasks = await all();
    await all("first");
    first = await stack.checkpoint();
    const atFirst = await all();
    await all("second");
    second = await stack.checkpoint();
    states = { tasks, first: atFirst, second: await all() };
    await all("third");
  });

  for (const [at, kind] of Object.keys(kinds).entries()) {
    const find = () => kinds[kind as keyof typeof kinds]();

    it(`brings ${kind} back to what it held`, async () => {
      await first.restore();
      await expect(find()).to.eventually.equal(states.first[at]);
    });

    it(`brings ${kind} back also after another one has been restored`, async () => {
      await first.restore();
      await second.restore();
      await expect(find()).to.eventually.equal(states.second[at]);
    });

    it(`leaves ${kind} the way back to where the tasks left it, and is there after that`, async () => {
      await second.restore();
      await stack.reset();
      await expect(find()).to.eventually.equal(states.tasks[at]);
      await first.restore();
      await expect(find()).to.eventually.equal(states.first[at]);
    });
  }
});

describe("a checkpoint of a stack that has services of which none can be made", () => {
  it("is refused, and names them", async () => {
    const own = () => ({ start: async () => ({ stop: async () => {}, reset: async () => {} }) });
    const running = await startStack(
      defineStack("no-checkpoint", ({ service }) => {
        service("mail", own);
        service("clock", own, { reset: async () => {} });
        service("files", own, { reset: "keep" });
        return {};
      }),
    );
    await expect(running.checkpoint()).to.be.rejectedWith(
      'USAGE: no-checkpoint: expected services of which a checkpoint can be made, got mail, clock: reset: "keep" leaves one out',
    );
    await running.stop();
  });
});
