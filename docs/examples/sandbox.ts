// Sandbox
import { defineStack } from "stackspec";
import type { Sandbox } from "stackspec";
import { GenericContainer } from "testcontainers";

const closed: Sandbox = { writable: ["/tmp"] };

export default defineStack("closed", (stack) => ({
  web: stack.service("web", ({ image }) => new GenericContainer(image), {
    image: "registry.example/shop:1",
    http: { port: 8000 },
    sandbox: closed,
  }),
}));
