// defineStack, StackBuilder, Stack, Exports, Service, ServiceOptions, Factory, TargetStack
import { answers, defineStack, secret } from "stackspec";
import { GenericContainer } from "testcontainers";

export default defineStack("shop", (stack) => {
  const db = stack.service(
    "db",
    ({ image }) =>
      new GenericContainer(image)
        .withEnvironment({ POSTGRES_USER: "shop", POSTGRES_PASSWORD: secret("shop"), POSTGRES_DB: "shop" })
        .withExposedPorts(5432),
    { image: "postgres:18" },
  );
  const target = stack.service("web", ({ image }) => new GenericContainer(image), {
    image: "registry.example/shop:1",
    after: [db],
    http: { port: 8000 },
    ready: answers("/health"),
  });
  return { db, target };
});
