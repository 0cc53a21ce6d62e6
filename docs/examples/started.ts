// started, Dependency, StartedCondition
import { defineStack, started } from "stackspec";
import type { StartedCondition } from "stackspec";
import { GenericContainer } from "testcontainers";

export default defineStack("pair", (stack) => {
  const first = stack.service("first", () => new GenericContainer("example/node:1"));
  // As soon as the first runs: the two find each other while they start.
  const runs: StartedCondition = started(first);
  const second = stack.service("second", () => new GenericContainer("example/node:1"), { after: [runs] });
  return { first, second };
});
