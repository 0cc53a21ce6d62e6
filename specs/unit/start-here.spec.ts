import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { defineStack, startStack } from "stackspec";

describe("a task that is a function of this process", () => {
  it("does its work when what it comes after is ready, and not before", async () => {
    const events: string[] = [];
    const running = await startStack(
      defineStack("here", (stack) => {
        const server = stack.service("server", () => ({
          async start() {
            for (let turns = 0; turns < 5; turns += 1) await turn();
            events.push("server is ready");
            return { stop: async () => {} };
          },
        }));
        stack.task("work", () => void events.push("work is done"), { after: [server] });
        return {};
      }),
    );
    await running.stop();
    expect(events).to.deep.equal(["server is ready", "work is done"]);
  });
});

describe("a stack that startStack has started", () => {
  it("has what its type says, and nothing of what the run itself knows of it", async () => {
    const running = await startStack(defineStack("public", () => ({})));
    await running.stop();
    expect(Object.keys(running).toSorted()).to.deep.equal([
      "checkpoint",
      "clock",
      "cut",
      "full",
      "id",
      "images",
      "kill",
      "name",
      "pause",
      "reset",
      "restart",
      "slow",
      "stop",
      "values",
    ]);
  });
});
