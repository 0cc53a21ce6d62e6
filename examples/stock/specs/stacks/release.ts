import { PostgreSqlContainer } from "@testcontainers/postgresql";
import { RabbitMQContainer } from "@testcontainers/rabbitmq";
import { RedisContainer } from "@testcontainers/redis";
import { answers, defineStack, imageFrom, logs } from "stackspec";
import type { FactoryContext } from "stackspec";
import { GenericContainer } from "testcontainers";

const image = imageFrom("stock", "app", { network: true });
const manage = (...words: string[]) => ["python3", "manage.py", ...words];
const celery = (...words: string[]) => ["python3", "-m", "celery", "--app", "stock", ...words];
const run = (context: FactoryContext, command: string[] = []) =>
  new GenericContainer(context.image)
    .withEnvironment({
      POSTGRES_HOST: "db",
      REDIS_URL: "redis://redis:6379",
      BROKER_URL: "amqp://guest:guest@rabbitmq:5672//",
      QUOTES_URL: "http://quotes:8000",
    })
    .withCommand(command);

/** The specs that need nothing but an address. They are JavaScript: Debian's Node, unlike the official image's, reads nothing else. */
const remote = ["health", "tickers"].map((topic) => `specs/acceptance/${topic}.spec.js`);

/** One image in six roles, and the three servers that it needs. */
export default defineStack("release", (stack) => {
  const files = stack.volume("static");
  const mounts = [files.at("/var/www/static")];
  const db = stack.service(
    "db",
    (context) =>
      new PostgreSqlContainer(context.image).withDatabase("stock").withUsername("stock").withPassword("stock"),
    { image: "postgres:18" },
  );
  const redis = stack.service("redis", (context) => new RedisContainer(context.image), { image: "redis:8" });
  const rabbitmq = stack.service(
    "rabbitmq",
    (context) =>
      new RabbitMQContainer(context.image).withCopyFilesToContainer([
        { source: "rabbitmq.conf", target: "/etc/rabbitmq/conf.d/20-celery.conf" },
      ]),
    // Beat never rests: a worker may hold a message at any time, which a reset could not bring back.
    { image: "rabbitmq:4", reset: "keep" },
  );
  const quotes = stack.service("quotes", (context) => run(context, ["python3", "quotes/server.py"]), {
    image,
    http: { port: 8000 },
    ready: answers("/quotes"),
  });

  const unit = stack.task("unit-tests", (context) => run(context, manage("test")), { image, after: [db, redis] });
  const migrate = stack.task("migrate", (context) => run(context, manage("migrate")), { image, after: [db] });
  const tickers = stack.task("load-tickers", (context) => run(context, manage("loaddefaulttickers")), {
    image,
    after: [migrate],
  });
  const collect = stack.task("collectstatic", (context) => run(context, manage("collectstatic", "--noinput")), {
    image,
    mounts,
  });

  const servers = [tickers, redis, rabbitmq];
  const worker = (name: string, queue: string) =>
    stack.service(
      name,
      (context) => run(context, celery("worker", "--loglevel", "info", "--concurrency", "1", "--queues", queue)),
      { image, after: [...servers, quotes], ready: logs(/ready\.$/) },
    );
  const workers = [worker("worker-1", "celery"), worker("worker-2", "quotes")];
  const beat = stack.service(
    "beat",
    (context) => run(context, celery("beat", "--loglevel", "info", "--schedule", "/tmp/beat")),
    {
      image,
      after: workers,
      ready: logs(/beat: Starting/),
    },
  );
  const target = stack.service("web", (context) => run(context), {
    image,
    mounts,
    after: [...servers, collect],
    http: { port: 8000 },
    ready: answers("/health/app"),
  });

  const inside = stack.task(
    "specs-inside",
    (context) =>
      new GenericContainer(context.image)
        .withBindMounts([{ source: process.cwd(), target: "/project", mode: "ro" }])
        .withWorkingDir("/project")
        .withEnvironment({ URL: "http://web:8000/", JUNIT_REPORT_PATH: "/tmp/acceptance.xml" })
        .withCommand(["node_modules/.bin/stackspec", "start", ...remote]),
    { image: "node:24-slim", after: [target, beat], profiles: ["inside"] },
  );
  return { unit, tickers, quotes, target, inside };
});
