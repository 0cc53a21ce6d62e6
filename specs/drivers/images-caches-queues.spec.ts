import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { connect } from "amqplib";
import type { Channel } from "amqplib";
import { expect } from "chai";
import { createClient } from "redis";
import type { StartedTestContainer } from "testcontainers";
import { itRunsAsItsOwnUser, printed, useSecondStart } from "./second-start.ts";

/** What a Redis server answers to a client outside of its container. */
async function ask(server: StartedTestContainer, ...command: string[]): Promise<unknown> {
  const client = createClient({ url: `redis://${server.getHost()}:${server.getMappedPort(6379)}`, RESP: 2 });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

const write = async (first: StartedTestContainer) => {
  await ask(first, "SET", "note", "from the first start");
};

function itIsARedisServer(server: () => StartedTestContainer): void {
  itRunsAsItsOwnUser(server);

  it("answers clients outside of its container without a password", async () => {
    await expect(ask(server(), "PING")).to.eventually.equal("PONG");
  });

  it("writes its data into its volume when it is told to stop", async () => {
    await expect(ask(server(), "GET", "note")).to.eventually.equal("from the first start");
  });

  it("takes flags", async () => {
    await expect(ask(server(), "CONFIG", "GET", "maxmemory")).to.eventually.deep.equal(["maxmemory", "67108864"]);
  });
}

describe("redis:8", () => {
  const server = useSecondStart({
    image: "redis:8",
    data: "/data",
    create: (image) => new RedisContainer(image).withCommand(["--maxmemory", "64mb"]),
    write,
  });
  itIsARedisServer(server);
});

describe("valkey/valkey:9", () => {
  const server = useSecondStart({
    image: "valkey/valkey:9",
    data: "/data",
    create: (image) => new ValkeyContainer(image).withEnvironment({ VALKEY_EXTRA_FLAGS: "--maxmemory 64mb" }),
    write,
  });
  itIsARedisServer(server);

  it("has its tools under Redis's names too", async () => {
    await expect(server().executeCliCmd("ping")).to.eventually.match(/PONG/);
  });
});

describe("rabbitmq:4", () => {
  const server = useSecondStart({
    image: "rabbitmq:4",
    data: "/var/lib/rabbitmq",
    create: (image) =>
      new RabbitMQContainer(image)
        .withHostname("queue") // by which it finds its data again
        .withEnvironment({
          RABBITMQ_DEFAULT_USER: "todo",
          RABBITMQ_DEFAULT_PASS: "declared",
          RABBITMQ_DEFAULT_VHOST: "todos",
        })
        .withCopyContentToContainer([{ target: "/etc/rabbitmq/conf.d/30-spec.conf", content: "channel_max = 17\n" }]),
    write: (first) =>
      withChannel(first, async (channel) => {
        await channel.assertQueue("notes", { durable: true });
        channel.sendToQueue("notes", Buffer.from("from the first start"), { persistent: true });
      }),
  });

  /** Does `work` on the declared vhost; what it has sent has arrived then. */
  async function withChannel<T>(
    to: StartedTestContainer,
    work: (channel: Channel) => Promise<T>,
    password = "declared",
  ): Promise<T> {
    const port = to.getMappedPort(5672);
    const connection = await connect(`amqp://todo:${password}@${to.getHost()}:${port}/todos`);
    try {
      const channel = await connection.createConfirmChannel();
      const result = await work(channel);
      await channel.waitForConfirms();
      return result;
    } finally {
      await connection.close();
    }
  }

  itRunsAsItsOwnUser(server);

  it("lets the declared user into the declared vhost", async () => {
    await withChannel(server(), async (channel) => {
      await expect(channel.assertQueue("", { exclusive: true })).to.eventually.have.property("messageCount", 0);
    });
  });

  it("refuses another password", async () => {
    await expect(withChannel(server(), async () => {}, "another")).to.be.rejectedWith(/ACCESS_REFUSED/);
  });

  it("keeps its data in its volume", async () => {
    await withChannel(server(), async (channel) => {
      const message = await channel.get("notes", { noAck: false });
      expect(message).to.have.property("content").that.deep.equals(Buffer.from("from the first start"));
    });
  });

  for (const [what, setting] of [
    ["reads the files of /etc/rabbitmq/conf.d", "{channel_max,17}"],
    ["lets everybody in from other machines, guest too", "{loopback_users,[]}"],
  ] as const)
    it(what, async function () {
      this.timeout(30_000); // rabbitmqctl is a program for Erlang, which takes its time to start.
      await expect(printed(server(), "rabbitmqctl", "environment")).to.eventually.include(setting);
    });
});
