import { expect } from "chai";
import type { StackspecError } from "stackspec";
import { defineStack, requireEngine, startStack } from "stackspec";
import { NODE, failureOf, insideOf, shell, useRunning } from "./engine.ts";

const on = { image: NODE };

describe("a task", () => {
  requireEngine();
  let worked = 0;
  const stack = useRunning(
    defineStack("tasks", (declare) => {
      const greet = declare.task("greet", ({ image }) => shell(image, "echo to stdout; echo to stderr >&2"), on);
      const silent = declare.task("silent", ({ image }) => shell(image, "exit 0"), on);
      const here = declare.task(
        "here",
        async () => {
          worked += 1;
        },
        { after: [greet] },
      );
      return { greet, silent, here };
    }),
  );

  it("hands out its exit code", () => {
    expect(stack().values.greet.exitCode).to.equal(0);
  });

  it("hands out what it wrote, standard error included", () => {
    expect(stack().values.greet.output.split("\n")).to.have.members(["to stdout", "to stderr"]);
  });

  it("has an empty output when it wrote nothing", () => {
    expect(stack().values.silent.output).to.equal("");
  });

  it("may be a function of this process, which runs once", () => {
    expect(worked).to.equal(1);
    expect(stack().values.here.exitCode).to.equal(0);
  });

  it("runs once, and its container is not started again", async () => {
    expect(insideOf(stack()).logs.get("greet")!.count).to.equal(2);
  });
});

describe("a task that fails", () => {
  requireEngine();
  let failure: StackspecError;
  before("a task has failed", async () => {
    failure = await failureOf(
      startStack(
        defineStack("task-fails", (stack) => {
          const migrate = stack.task(
            "migrate",
            ({ image }) => shell(image, "echo applying 001; echo no such table >&2; exit 3"),
            { ...on, exitCode: "run" },
          );
          const app = stack.service("app", ({ image }) => shell(image, "sleep 1000"), { ...on, after: [migrate] });
          stack.service("nginx", ({ image }) => shell(image, "sleep 1000"), { ...on, after: [app] });
          return {};
        }),
      ),
    );
  });

  it("has the run exit with its exit code, where it is told to", () => {
    expect(failure.exitCode).to.equal(3);
  });

  it("names the task, its exit code and its last words", () => {
    expect(failure.code).to.equal("TASK_FAILED");
    // Which of two streams came last is the engine's to say.
    expect(failure.sentence).to.match(
      /^TASK_FAILED: migrate: exited with code 3, expected 0: (applying 001|no such table) — its log says why$/,
    );
  });

  it("shows what the task wrote", () => {
    expect(failure.evidence).to.include("| applying 001").and.to.include("| no such table");
  });

  it("names those that waited for it", () => {
    expect(failure.evidence).to.include("nginx waits for app waits for migrate: exited with code 3");
  });

  it("shows how the start went until then", () => {
    expect(failure.evidence).to.match(
      /timeline:\n(.*\n)*\s*\d+ ms {2}migrate starting\n(.*\n)*\s*\d+ ms {2}migrate failed/,
    );
  });
});

describe("a task over its time limit", () => {
  requireEngine();
  it("is ended, and shows what it was doing", async () => {
    const failure = await failureOf(
      startStack(
        defineStack("task-slow", (stack) => ({
          migrate: stack.task("migrate", ({ image }) => shell(image, "echo waiting for a lock; sleep 1000"), {
            ...on,
            timeoutMs: 3_000,
          }),
        })),
      ),
    );
    expect(failure.code).to.equal("TASK_TIMEOUT");
    expect(failure.sentence).to.match(/^TASK_TIMEOUT: migrate: still running after 3000 ms — .*timeoutMs/);
    expect(failure.evidence).to.include("| waiting for a lock");
  });

  it("counts only its own time, not that of what it waits for", async () => {
    const running = await startStack(
      defineStack("task-waits", (stack) => {
        const slow = stack.task("slow", ({ image }) => shell(image, "sleep 2"), on);
        return {
          quick: stack.task("quick", ({ image }) => shell(image, "true"), { ...on, after: [slow], timeoutMs: 1_900 }),
        };
      }),
    );
    expect(running.values.quick.exitCode).to.equal(0);
    await running.stop();
  });
});
