/** Services that only sleep, as many as the first argument says, with stackspec: `called`, `ready`, `gone`. */
import { defineStack, startStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { run } from "../../../src/mocha/run.ts";
import { endOnSignals } from "../../../src/mocha/signals.ts";
import { mark } from "./tell.ts";

const count = Number(process.argv[2]);
const sleepers = defineStack("sleepers", (stack) => {
  for (let index = 1; index <= count; index += 1)
    stack.service(`sleeper-${index}`, ({ image }) => new GenericContainer(image).withCommand(["sleep", "infinity"]), {
      image: "node:24-slim",
    });
  return {};
});

endOnSignals();
mark("called");
await startStack(sleepers);
mark("ready");
await run.close();
mark("gone");
process.exit();
