import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { expect } from "chai";
import { defineStack, requireEngine, startStack, useStack } from "stackspec";
import { redis as declaredRedis } from "stackspec/drivers";
import { GenericContainer } from "testcontainers";
import type { StartedTestContainer } from "testcontainers";
import { Refusal } from "../../src/engine/container/asking.ts";
import type { Asked, Driver } from "../../src/stack/driver.ts";
import { rabbitmq } from "../../src/engine/drivers/rabbitmq/rabbitmq.ts";
import { redis } from "../../src/engine/drivers/redis/redis.ts";
import { engine, failureOf } from "../integration/engine.ts";
import * as queues from "./rabbitmq.ts";
import { PASSWORD } from "./redis.ts";

const DECLARED = {
  RABBITMQ_DEFAULT_USER: queues.USER,
  RABBITMQ_DEFAULT_PASS: queues.PASSWORD,
  RABBITMQ_DEFAULT_VHOST: queues.VHOST,
};

/** What a driver answers of a server, where the declaration says this. */
async function answerOf(
  { ask, port }: Driver,
  server: StartedTestContainer,
  declared: Pick<Asked, "environment" | "command">,
): Promise<Error | undefined> {
  return ask!({ host: server.getHost(), port: server.getMappedPort(port), ...declared });
}

describe("a server that is asked in its own protocol", function () {
  this.timeout(60_000);
  requireEngine();
  const stack = useStack(
    defineStack("asked-servers", ({ service }) => ({
      cache: service("cache", ({ image }) => new RedisContainer(image).withPassword(PASSWORD), { image: "redis:8" }),
      queue: service("queue", ({ image }) => new RabbitMQContainer(image).withEnvironment(DECLARED), {
        image: "rabbitmq:4",
      }),
    })),
    { scope: "suite" },
  );

  describe("of Redis", () => {
    const answer = (command: string[], environment = {}) => answerOf(redis, stack.cache, { command, environment });

    it("is ready when it answers PING with the password of its command", async () => {
      await expect(answer(["redis-server", "--requirepass", PASSWORD])).to.eventually.equal(undefined);
    });

    it("is ready when it has a password that only its container knows", async () => {
      await expect(answer(["redis-server", "/etc/redis.conf"])).to.eventually.equal(undefined);
    });

    it("refuses another password, which waiting does not change", async () => {
      const refusal = await answer(["redis-server", "--requirepass", "another"]);
      expect(refusal).to.be.instanceOf(Refusal).and.have.property("message").that.includes("WRONGPASS");
    });

    it("is not ready while it does not answer", async () => {
      const docker = await engine();
      const container = docker.getContainer(stack.cache.getId());
      await container.pause();
      try {
        await expect(answer([])).to.be.rejectedWith("no answer to PING within 2 s");
      } finally {
        await container.unpause();
      }
    });

    it("is not ready when it speaks another protocol", async () => {
      const { command, environment } = { command: [], environment: {} };
      const other = await answerOf({ ...redis, port: 5672 }, stack.queue, { command, environment });
      expect(other).to.have.property("message").that.includes('expected PONG, got "AMQP');
    });

    it("fails a start with its own words when it refuses its password", async () => {
      const refusing = defineStack("redis-refuses", ({ service }) => ({
        cache: service("cache", ({ image }) => new GenericContainer(image).withCommand(["--requirepass", PASSWORD]), {
          image: "redis:8",
          driver: declaredRedis({ password: "another" }),
        }),
      }));
      const failure = await failureOf(startStack(refusing));
      expect(failure.sentence).to.match(/^NOT_READY: cache: the server refuses the connection: WRONGPASS/);
    });
  });

  describe("of RabbitMQ", () => {
    const answer = (environment: Record<string, string>) =>
      answerOf(rabbitmq, stack.queue, { environment: { ...DECLARED, ...environment }, command: [] });

    it("is ready when it opens a connection as the declared user to the declared vhost", async () => {
      await expect(answer({})).to.eventually.equal(undefined);
    });

    it("refuses another password, which waiting does not change", async () => {
      const refusal = await answer({ RABBITMQ_DEFAULT_PASS: "another" });
      expect(refusal).to.be.instanceOf(Refusal).and.have.property("message").that.includes("ACCESS_REFUSED");
    });

    it("refuses a vhost that is not there, which waiting does not change", async () => {
      const refusal = await answer({ RABBITMQ_DEFAULT_VHOST: "elsewhere" });
      expect(refusal).to.be.instanceOf(Refusal).and.have.property("message").that.includes("vhost elsewhere not found");
    });

    it("is ready where its users are not declared by its variables, as when it loads definitions", async () => {
      const guest = { RABBITMQ_DEFAULT_USER: "guest", RABBITMQ_DEFAULT_PASS: "guest" };
      await expect(answer(guest)).to.eventually.equal(undefined);
      await expect(answer({ RABBITMQ_DEFAULT_VHOST: "" })).to.eventually.equal(undefined);
    });

    it("is not ready when it speaks another protocol", async () => {
      const other = answerOf({ ...rabbitmq, port: 6379 }, stack.cache, { environment: {}, command: [] });
      expect(await other.catch((error: unknown) => error))
        .to.be.instanceOf(Error)
        .and.not.instanceOf(Refusal);
    });

    it("is told of no connection that was cut", async () => {
      await answer({});
      const closed = /closing AMQP connection.*stackspec/;
      const docker = await engine();
      const logs = async () =>
        String(await docker.getContainer(stack.queue.getId()).logs({ stdout: true, stderr: true, follow: false }));
      while (!closed.test(await logs()));
      expect(await logs()).not.to.match(/client unexpectedly closed/);
    });
  });
});
