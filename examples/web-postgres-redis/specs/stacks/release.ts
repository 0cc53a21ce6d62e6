import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RedisContainer } from "@testcontainers/redis";
import { answers, defineStack, imageFrom } from "stackspec";
import type { FactoryContext } from "stackspec";
import { GenericContainer } from "testcontainers";

const { APP_IMAGE, POSTGRES_URL, REDIS_URL } = process.env;
const image = APP_IMAGE ?? imageFrom("web-postgres-redis", "app", { network: true });

export default defineStack("release", (stack) => {
  const db = stack.service(
    "db",
    (context) => new PostgreSqlContainer(context.image).withDatabase("web").withUsername("web").withPassword("web"),
    { image: "postgres:18", url: "postgres://web:web@db:5432/web", external: POSTGRES_URL },
  );
  const cache = stack.service("cache", (context) => new RedisContainer(context.image), {
    image: "redis:8",
    url: "redis://cache:6379",
    external: REDIS_URL,
  });
  const app = (context: FactoryContext) =>
    new GenericContainer(context.image).withEnvironment({
      POSTGRES_URL: context.url(db),
      REDIS_URL: context.url(cache),
    });
  const migrate = stack.task("migrate", (context) => app(context).withCommand(["python3", "migrate.py"]), {
    image,
    after: [db],
  });
  const target = stack.service("web", app, {
    image,
    after: [migrate, cache],
    sandbox: { writable: ["/tmp"] },
    http: { port: 8000 },
    ready: answers("/names"),
  });
  return { db, cache, migrate, target };
});
