// Task, TaskOptions, TaskResult, FactoryContext
import { defineStack, imageFrom } from "stackspec";
import type { FactoryContext } from "stackspec";
import { GenericContainer } from "testcontainers";

const run = ({ image }: FactoryContext, command: string) => new GenericContainer(image).withCommand([command]);

export default defineStack("tested", (stack) => {
  const image = imageFrom("shop", ".");
  const migrate = stack.task("migrate", (context) => run(context, "migrate"), { image, inputs: ["migrations"] });
  const tests = stack.task("tests", (context) => run(context, "test"), { image, after: [migrate], exitCode: "run" });
  return { tests };
});
