import { RedisContainer } from "@testcontainers/redis";
import { answers, defineStack, imageFrom } from "stackspec";
import { GenericContainer } from "testcontainers";

const apt = { network: true };
const tests = imageFrom("page-tracker-tests", "web", { ...apt, target: "tests" });
/** The image under test: this project's, or what the pipeline has made of it. */
const web = process.env["APP_IMAGE"] ?? imageFrom("page-tracker", "web", apt);
const REDIS_URL = "redis://redis:6379";

export default defineStack("release", (stack) => {
  const unit = stack.task(
    "unit-tests",
    ({ image }) =>
      new GenericContainer(image).withCommand(["python3", "-m", "pytest", "-p", "no:cacheprovider", "tests/unit"]),
    { image: tests, exitCode: "run" },
  );
  const redis = stack.service("redis", ({ image }) => new RedisContainer(image), { image: "redis:8", after: [unit] });
  const integration = stack.task(
    "integration-tests",
    ({ image }) =>
      new GenericContainer(image)
        .withCommand(["python3", "-m", "pytest", "-p", "no:cacheprovider", "tests/integration"])
        .withEnvironment({ REDIS_URL }),
    { image: tests, after: [redis], profiles: ["testing"], exitCode: "run" },
  );
  const target = stack.service("web", ({ image }) => new GenericContainer(image).withEnvironment({ REDIS_URL }), {
    image: web,
    after: [redis],
    sandbox: { writable: ["/tmp"] },
    http: { port: 8000 },
    ready: answers("/"),
  });
  return { unit, integration, redis, target };
});
