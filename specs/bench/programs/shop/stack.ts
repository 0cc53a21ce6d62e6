/** A shop on PostgreSQL, RabbitMQ and Redis; the bench of workloads makes it a stack of the copy that it works in. */
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { answers, defineStack, imageFrom, secret } from "stackspec";
import { GenericContainer } from "testcontainers";

const password = secret("shop.password");

export default defineStack("shop", (stack) => {
  const db = stack.service(
    "db",
    ({ image }) => new PostgreSqlContainer(image).withDatabase("shop").withUsername("shop").withPassword(password),
    { image: "postgres:18" },
  );
  const queue = stack.service(
    "queue",
    ({ image }) => new RabbitMQContainer(image).withEnvironment({ RABBITMQ_DEFAULT_PASS: password }),
    { image: "rabbitmq:4" },
  );
  const cache = stack.service("cache", ({ image }) => new RedisContainer(image), { image: "redis:8" });
  const migrate = stack.task(
    "migrate",
    ({ image }) =>
      new GenericContainer(image)
        .withCommand(["psql", "-h", "db", "-U", "shop", "-c", "CREATE TABLE orders (id serial PRIMARY KEY)"])
        .withEnvironment({ PGPASSWORD: password }),
    { image: "postgres:18", after: [db] },
  );
  const target = stack.service("app", ({ image }) => new GenericContainer(image), {
    image: imageFrom("shop", "specs/bench/programs/shop"),
    after: [migrate, queue, cache],
    http: { port: 8000 },
    ready: answers("/health"),
  });
  return { target };
});
