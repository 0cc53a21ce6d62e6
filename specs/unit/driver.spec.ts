import { MySqlContainer } from "@testcontainers/mysql";
import { RedisContainer } from "@testcontainers/redis";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { environmentOf } from "../../src/engine/container/internals.ts";
import { dataOf, runForTests } from "../../src/engine/drivers/data.ts";
import type { Service } from "../../src/stack/stack.ts";

class OurMySql extends MySqlContainer {}

const service = (options: Service["options"] = {}): Service => ({
  kind: "service",
  name: "db",
  create: () => undefined,
  options,
});
const commandOf = (container: GenericContainer): string[] | undefined =>
  (container as unknown as { createOpts: { Cmd?: string[] } }).createOpts.Cmd;

describe("the driver of a service", () => {
  for (const [what, container] of Object.entries({
    "a MySqlContainer": new MySqlContainer("mysql:9.7"),
    "a subclass of MySqlContainer": new OurMySql("mysql:9.7"),
  })) {
    it(`knows the data directory of ${what}`, () => {
      expect(dataOf(service(), container)).to.deep.equal({
        path: "/var/lib/mysql",
        ephemeral: ["ibtmp1", "#innodb_redo/*_tmp"],
        durable: false,
      });
    });

    it(`runs ${what} without what only matters after a power failure`, () => {
      runForTests(service(), container);
      expect(commandOf(container)).to.include("--innodb-doublewrite=OFF");
    });
  }

  it("is none for another container", () => {
    expect(dataOf(service(), new GenericContainer("redis:8"))).to.equal(undefined);
  });

  it("leaves a durable service as it is", () => {
    const container = new MySqlContainer("mysql:9.7");
    runForTests(service({ durable: true }), container);
    expect(commandOf(container)).to.equal(undefined);
  });

  it("leaves a command of another kind as it is", () => {
    const container = new MySqlContainer("mysql:9.7").withCommand(["sh", "-c", "mysqld"]);
    runForTests(service(), container);
    expect(commandOf(container)).to.deep.equal(["sh", "-c", "mysqld"]);
  });

  it("keeps the arguments that the container has, after its own", () => {
    const container = new MySqlContainer("mysql:9.7").withCommand(["--innodb-doublewrite=ON"]);
    runForTests(service(), container);
    expect(commandOf(container)!.at(-1)).to.equal("--innodb-doublewrite=ON");
  });

  it("keeps a configuration file before its own arguments, where Redis expects it", () => {
    const container = new RedisContainer("redis:8").withCommand(["redis-server", "/etc/redis.conf", "--port", "6379"]);
    runForTests(service(), container);
    const command = commandOf(container)!;
    expect(command.slice(0, 3)).to.deep.equal(["redis-server", "/etc/redis.conf", "--save"]);
    expect(command.slice(-2)).to.deep.equal(["--port", "6379"]);
  });

  it("takes the data directory that the declaration names", () => {
    const container = new GenericContainer("redis:8");
    expect(dataOf(service({ data: "/data" }), container)).to.deep.equal({
      path: "/data",
      ephemeral: [],
      durable: false,
    });
  });

  describe("of a RabbitMQ server, which keeps its data under its name", () => {
    const nameOf = (container: GenericContainer): string | undefined => {
      runForTests(service(), container);
      return environmentOf(container)["RABBITMQ_NODENAME"];
    };

    it("gives it one that does not change", () => {
      expect(nameOf(new RabbitMQContainer("rabbitmq:4"))).to.equal("rabbit@localhost");
    });

    it("leaves it the one that it has", () => {
      const container = new RabbitMQContainer("rabbitmq:4").withEnvironment({ RABBITMQ_NODENAME: "mine@localhost" });
      expect(nameOf(container)).to.equal("mine@localhost");
    });

    it("gives it none when its host has one", () => {
      expect(nameOf(new RabbitMQContainer("rabbitmq:4").withHostname("queue"))).to.equal(undefined);
    });

    it("leaves it the command of its image", () => {
      const container = new RabbitMQContainer("rabbitmq:4");
      runForTests(service(), container);
      expect(commandOf(container)).to.equal(undefined);
    });
  });
});
