import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { ValkeyContainer } from "@testcontainers/valkey";
import { expect } from "chai";
import { Client } from "pg";
import { defineStack, requireEngine, useStack } from "stackspec";
import type { StartedTestContainer } from "testcontainers";
import type { Driver, Server, ServiceAddress } from "../../src/stack/driver.ts";
import { postgres } from "../../src/engine/drivers/postgres/postgres.ts";
import { rabbitmq } from "../../src/engine/drivers/rabbitmq/rabbitmq.ts";
import { valkey } from "../../src/engine/drivers/redis/redis.ts";
import { workerSuffix } from "../../src/engine/drivers/worker-suffix.ts";
import * as queues from "./rabbitmq.ts";
import * as keys from "./redis.ts";

const POSTGRES = { POSTGRES_USER: "owner", POSTGRES_PASSWORD: "secret", POSTGRES_DB: "shop" };
const RABBITMQ = {
  RABBITMQ_DEFAULT_USER: queues.USER,
  RABBITMQ_DEFAULT_PASS: queues.PASSWORD,
  RABBITMQ_DEFAULT_VHOST: queues.VHOST,
};

/** A server that workers share: how each of them has it. */
interface Shared {
  readonly share: (workers: number) => Promise<void>;
  /** The driver's of a worker, as its own process has it, which has noted what it holds. */
  readonly as: (worker: number) => Promise<Server>;
}

function sharing(
  driver: Driver,
  container: () => StartedTestContainer,
  environment = {},
  command: string[] = [],
): Shared {
  const address = (worker: number): ServiceAddress => ({
    host: container().getHost(),
    port: container().getMappedPort(driver.port),
    environment,
    command,
    suffix: workerSuffix(worker),
    shared: true,
    exec: async (words) => {
      const { exitCode, output, stdout } = await container().exec([...words]);
      return { exitCode, output: exitCode === 0 ? stdout : output };
    },
  });
  const open = new Map<number, Server>();
  after("their connections are closed", async () => {
    for (const server of open.values()) await server.close?.();
  });
  return {
    share: (workers) =>
      driver.share!(
        { ...address(0), shared: false },
        Array.from({ length: workers - 1 }, (_, at) => workerSuffix(at + 1)),
      ),
    async as(worker) {
      const server = open.get(worker) ?? (await driver.connect(address(worker)));
      open.set(worker, server);
      await server.takeBaseline();
      return server;
    },
  };
}

describe("a server that parallel workers share", function () {
  this.timeout(60_000);
  requireEngine();
  const stack = useStack(
    defineStack("shared-servers", ({ service }) => ({
      db: service(
        "db",
        ({ image }) => new PostgreSqlContainer(image).withUsername("owner").withPassword("secret").withDatabase("shop"),
        {
          image: "postgres:18",
          shared: true,
        },
      ),
      cache: service("cache", ({ image }) => new ValkeyContainer(image).withPassword(keys.PASSWORD), {
        image: "valkey/valkey:9",
        shared: true,
      }),
      queue: service("queue", ({ image }) => new RabbitMQContainer(image).withEnvironment(RABBITMQ), {
        image: "rabbitmq:4",
        shared: true,
      }),
    })),
    { scope: "suite" },
  );

  describe("of PostgreSQL", () => {
    const { share, as } = sharing(postgres, () => stack.db, POSTGRES);
    const connect = async (database: string): Promise<Client> => {
      const client = new Client({
        host: stack.db.getHost(),
        port: stack.db.getPort(),
        database,
        user: "owner",
        password: "secret",
      });
      await client.connect();
      return client;
    };
    const sql = async (statement: string, database = "shop"): Promise<unknown[]> => {
      const client = await connect(database);
      try {
        return [await client.query<object>(statement)].flat().at(-1)!.rows;
      } finally {
        await client.end();
      }
    };
    /** A database as PostgreSQL's own tool tells it, with what belongs to the server, under one name. */
    const dumped = async (database: string): Promise<string> => {
      const words = ["--create", "--exclude-schema=stackspec_baseline", "--restrict-key=x", "-U", "owner", database];
      const { exitCode, output } = await stack.db.exec(["pg_dump", ...words]);
      expect(exitCode, output).to.equal(0);
      return output.replaceAll(database, "shop");
    };

    before("there is something to share", () =>
      sql(
        `CREATE ROLE app LOGIN PASSWORD 'app'; CREATE ROLE reader;
         CREATE TABLE todos (id serial PRIMARY KEY, title text, data jsonb DEFAULT '{"a": "b"}'); INSERT INTO todos (title) VALUES ('a'), ('b');
         ALTER TABLE todos OWNER TO app; CREATE VIEW titles AS SELECT title FROM todos; CREATE EXTENSION pgcrypto;
         CREATE SEQUENCE numbers START 7; SELECT nextval('numbers'), lo_from_bytea(4711, 'large');
         ALTER DATABASE shop SET work_mem = '7MB'; ALTER ROLE app IN DATABASE shop SET work_mem = '8MB';
         REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO app WITH GRANT OPTION; ALTER DATABASE shop CONNECTION LIMIT 40`,
      ),
    );

    it("has a copy of each database for each worker, while an application is connected to the first's", async () => {
      const app = await connect("shop");
      try {
        await share(3);
        await app.query("SELECT 1");
      } finally {
        await app.end();
      }
      const first = await dumped("shop");
      expect(first).to.include("lo_").and.include("work_mem").and.include("GRANT CONNECT");
      expect(await dumped("shop__worker_1")).to.equal(first);
      expect(await dumped("shop__worker_2")).to.equal(first);
    });

    it("has copies anew when it was kept from a run before", async () => {
      await share(2);
      await sql("DELETE FROM todos", "shop__worker_1");
      await share(2);
      expect(await dumped("shop__worker_1")).to.equal(await dumped("shop"));
    });

    it("copies nothing where not everything can be copied", async () => {
      await sql(
        "CREATE SCHEMA broken; CREATE SEQUENCE broken.counter; DELETE FROM pg_namespace WHERE nspname = 'broken'",
      );
      const app = await connect("shop");
      try {
        await expect(share(2)).to.be.rejectedWith(/^its database shop cannot be copied: .*pg_dump/s);
      } finally {
        await app.end();
        await sql(
          "DELETE FROM pg_class WHERE relname = 'counter'; DELETE FROM pg_sequence WHERE seqrelid NOT IN (SELECT oid FROM pg_class)",
        );
      }
    });

    it("is brought back by each worker to what is its own, and nothing else", async () => {
      await share(2);
      const [first, second] = [await as(0), await as(1)];
      const rows = async (database: string) =>
        (await sql("SELECT title FROM todos ORDER BY id", database)) as { title: string }[];
      const both = async () =>
        [await rows("shop"), await rows("shop__worker_1")].map((all) => all.map(({ title }) => title));
      for (const database of ["shop", "shop__worker_1"])
        await sql("INSERT INTO todos (title) VALUES ('mine')", database);
      await sql("CREATE ROLE added");
      await second.reset();
      expect(await both()).to.deep.equal([
        ["a", "b", "mine"],
        ["a", "b"],
      ]);
      await sql("DELETE FROM todos", "shop__worker_1");
      await first.reset();
      expect(await both()).to.deep.equal([["a", "b"], []]);
      expect(await sql("SELECT FROM pg_roles WHERE rolname = 'added'")).to.have.lengthOf(1);
    });
  });

  describe("of Valkey", () => {
    const { share, as } = sharing(valkey, () => stack.cache, {}, ["--requirepass", keys.PASSWORD]);
    let app: keys.RedisClient;
    const ask: keys.RedisClient["ask"] = (...command) => app.ask(...command);
    const contents = async () => [await keys.contentOf(app), await keys.contentOf(app, 16)];

    before("there is something to share", async () => {
      app = await keys.connectTo(stack.cache);
      for (const command of [
        ["SET", "text", "shared"],
        ["SET", "forgotten", "in an hour", "EX", 3600],
        ["XADD", "stream", "1-1", "title", "one"],
        ["XGROUP", "CREATE", "stream", "workers", 0],
        ["SELECT", 3],
        ["RPUSH", "list", "a", "b"],
        ["SELECT", 0],
      ])
        await ask(...command);
    });
    after("the application is gone", () => app?.close());

    it("has a copy of each key for each worker, sixteen databases further on", async () => {
      await share(3);
      const first = await keys.contentOf(app);
      expect(first).to.have.all.keys("0 text", "0 forgotten", "0 stream", "3 list");
      expect(await keys.contentOf(app, 16)).to.deep.equal(first);
      expect(await keys.contentOf(app, 32)).to.deep.equal(first);
    });

    it("has copies anew when it was kept from a run before", async () => {
      await ask("SELECT", 17);
      await ask("SET", "of the run before", 1);
      await share(2);
      const [first, second] = await contents();
      expect(second).to.deep.equal(first);
    });

    for (const [what, command] of Object.entries({
      "a key of the same name": ["SET", "text", "changed"],
      "all its keys": ["FLUSHDB"],
    }))
      it(`is brought back by each worker to what is its own, when both have changed ${what}`, async () => {
        await share(2);
        const [first, second] = [await as(0), await as(1)];
        const noted = await contents();
        for (const db of [0, 16]) {
          await ask("SELECT", db);
          await ask(...command);
          await ask("SET", "added", 1);
        }
        const [changed] = await contents();
        await second.reset();
        expect(await contents()).to.deep.equal([changed, noted[1]]);
        await ask("SELECT", 19);
        await ask("SET", "added", 1);
        const [, others] = await contents();
        await first.reset();
        expect(await contents()).to.deep.equal([noted[0], others]);
      });

    it("keeps what belongs to all of them", async () => {
      const server = await as(1);
      await ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      await server.reset();
      expect(await ask("CONFIG", "GET", "maxmemory-policy")).to.deep.equal(["maxmemory-policy", "allkeys-lru"]);
    });

    it("is not written by a worker whose keys are as they were, whatever others have done", async () => {
      await share(2);
      const [first, second] = [await as(0), await as(1)];
      await ask("SELECT", 0);
      await ask("FLUSHDB");
      await first.reset();
      await ask("CONFIG", "RESETSTAT");
      await second.reset();
      await first.reset();
      expect(await ask("INFO", "commandstats")).not.to.match(/^cmdstat_(restore|flushdb):/m);
    });

    it("says how many databases it needs, and how to give it them", async () => {
      await expect(share(65)).to.be.rejectedWith(
        "expected 1040 logical databases for 65 workers, found 1024: --databases 1040",
      );
    });
  });

  describe("of RabbitMQ", () => {
    const { share, as } = sharing(rabbitmq, () => stack.queue, RABBITMQ);
    const OWN = `${queues.VHOST}__worker_1`;
    const count = (queue: string, vhost: string) =>
      queues.onChannel(stack.queue, async (channel) => (await channel.checkQueue(queue)).messageCount, vhost);
    const both = async (queue: string) => [await count(queue, queues.VHOST), await count(queue, OWN)];
    const publish = (queue: string, text: string, vhost?: string) =>
      queues.onChannel(stack.queue, async (channel) => channel.sendToQueue(queue, Buffer.from(text)), vhost);
    /** What is declared in a vhost, under one name. */
    const declared = async (vhost: string) => {
      const all = await queues.definitions(stack.queue);
      const own = Object.entries(all).map(([kind, items]) => [
        kind,
        (items as Record<string, unknown>[])
          .filter((item) => item["vhost"] === vhost || (kind === "vhosts" && item["name"] === vhost))
          .map((item) => ({ ...item, vhost: "", ...(kind === "vhosts" && { name: "" }) })),
      ]);
      return Object.fromEntries(own) as queues.Definitions;
    };

    before("there is something to share", async () => {
      await queues.onChannel(stack.queue, async (channel) => {
        await channel.assertExchange("shop", "topic");
        await channel.assertQueue("jobs");
        await channel.assertQueue("lasting", { arguments: { "x-queue-type": "quorum" } });
        for (const queue of ["jobs", "lasting"]) await channel.bindQueue(queue, "shop", "seed.*", { note: "mine" });
        for (const number of [1, 2])
          channel.publish("shop", "seed.1", Buffer.from(`message ${number}`), { headers: { number } });
      });
      await queues.evaluate(
        stack.queue,
        `rabbit_policy:set(<<"${queues.VHOST}">>, <<"short">>, <<"^short">>, [{<<"max-length">>, 7}], 1, <<"queues">>, <<"spec">>).`,
      );
    });

    it("has a vhost for each worker, with all that the first's has", async () => {
      await share(3);
      const first = await declared(queues.VHOST);
      expect(first["queues"]).to.have.lengthOf(2);
      expect(await declared(OWN)).to.deep.equal(first);
      expect(await declared(`${queues.VHOST}__worker_2`)).to.deep.equal(first);
      for (const queue of ["jobs", "lasting"])
        expect(await queues.drained(stack.queue, queue, `${queues.VHOST}__worker_2`)).to.have.lengthOf(2);
    });

    it("has vhosts anew when it was kept from a run before", async () => {
      await share(2);
      await publish("jobs", "of the run before", OWN);
      await queues.onChannel(stack.queue, (channel) => channel.assertQueue("of the run before"), OWN);
      await share(2);
      expect(await declared(OWN)).to.deep.equal(await declared(queues.VHOST));
      expect(await both("jobs")).to.deep.equal([2, 2]);
    });

    it("is brought back by each worker to what is its own, and nothing else", async () => {
      await share(2);
      const [first, second] = [await as(0), await as(1)];
      for (const vhost of [queues.VHOST, OWN]) {
        await publish("jobs", "mine", vhost);
        await queues.onChannel(stack.queue, (channel) => channel.assertQueue("added"), vhost);
      }
      await queues.evaluate(stack.queue, `rabbit_auth_backend_internal:add_user(<<"added">>, <<"x">>, <<"spec">>).`);
      await second.reset();
      expect(await both("jobs")).to.deep.equal([3, 2]);
      await expect(count("added", queues.VHOST)).to.eventually.equal(0);
      await expect(count("added", OWN)).to.be.rejectedWith("NOT_FOUND");
      await publish("lasting", "mine", OWN);
      await first.reset();
      expect([await both("jobs"), await both("lasting")]).to.deep.equal([
        [2, 2],
        [2, 3],
      ]);
      await expect(count("added", queues.VHOST)).to.be.rejectedWith("NOT_FOUND");
      expect((await queues.definitions(stack.queue))["users"]).to.have.lengthOf(2);
    });

    it("does not wait for what another worker's consumer has in hand", async () => {
      await share(2);
      const [, second] = [await as(0), await as(1)];
      await queues.onChannel(stack.queue, async (channel) => {
        await channel.consume("jobs", () => {});
        await second.reset();
      });
    });

    it("says which stream cannot be copied", async () => {
      await queues.onChannel(stack.queue, async (channel) => {
        await channel.assertQueue("history", { arguments: { "x-queue-type": "stream" } });
        channel.sendToQueue("history", Buffer.from("the first"));
      });
      await expect(share(2)).to.be.rejectedWith(
        `queue history of vhost ${queues.VHOST} is a stream, whose messages cannot be copied`,
      );
    });
  });
});
