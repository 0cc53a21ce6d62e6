import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { ValkeyContainer } from "@testcontainers/valkey";
import { connect } from "amqplib";
import { createClient } from "redis";
import type { Driver } from "../../../src/stack/driver.ts";
import { rabbitmq } from "../../../src/engine/drivers/rabbitmq/rabbitmq.ts";
import { redis, valkey } from "../../../src/engine/drivers/redis/redis.ts";
import type { Kind } from "./kind.ts";
import { mariadbKind, mysqlKind, postgresKind } from "./sql.ts";

const KEYS = 10_000;
const QUEUES = 20;
const MESSAGES = 10_000;

function redisKind(driver: Driver, image: string, create: Kind["create"]): Kind {
  return {
    driver,
    image,
    create,
    async work(server) {
      const url = `redis://${server.getHost()}:${server.getMappedPort(6379)}`;
      const client = await createClient({ url }).connect();
      const entries = Array.from({ length: KEYS }, (_, at) => [`key:${at}`, `value ${at}`] as [string, string]);
      return {
        seed: async () => void (await client.mSet(entries)),
        changes: {
          [`reset, nothing changed, ${KEYS} keys`]: async () => undefined,
          [`reset, 5 of ${KEYS} keys written`]: () =>
            Promise.all([1, 2, 3, 4, 5].map((at) => client.set(`key:${at}`, "another"))),
          [`reset, all of ${KEYS} keys gone`]: () => client.flushAll(),
        },
        instead: {
          [`FLUSHALL, and ${KEYS} keys written again`]: async () => {
            await client.flushAll();
            await client.mSet(entries);
          },
        },
        close: () => client.close(),
      };
    },
  };
}

const rabbitmqKind: Kind = {
  driver: rabbitmq,
  image: "rabbitmq:4",
  create: (image) => new RabbitMQContainer(image),
  async work(server) {
    const connection = await connect(`amqp://guest:guest@${server.getHost()}:${server.getMappedPort(5672)}`);
    const channel = await connection.createConfirmChannel();
    const queues = Array.from({ length: QUEUES }, (_, at) => `queue-${at}`);
    return {
      async seed() {
        for (const queue of queues) await channel.assertQueue(queue);
      },
      changes: {
        [`reset, nothing changed, ${QUEUES} queues`]: async () => undefined,
        [`reset, ${MESSAGES} messages in ${QUEUES} queues`]: async () => {
          for (let at = 0; at < MESSAGES; at += 1)
            channel.sendToQueue(queues[at % QUEUES]!, Buffer.from(`message ${at}`));
          await channel.waitForConfirms();
        },
      },
      instead: {},
      close: () => connection.close(),
    };
  },
};

export const KINDS: Readonly<Record<string, Kind>> = {
  redis: redisKind(redis, "redis:8", (image) => new RedisContainer(image)),
  valkey: redisKind(valkey, "valkey/valkey:9", (image) => new ValkeyContainer(image)),
  rabbitmq: rabbitmqKind,
  mysql: mysqlKind,
  mariadb: mariadbKind,
  postgres: postgresKind,
};
