import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack } from "stackspec";
import { NODE, STACK_LABEL, deathsDuring, engine, failureOf, insideOf, labelled, script, shell } from "./engine.ts";
import type { Death } from "./engine.ts";

const on = { image: NODE };
const up = { ...on, ready: logs(/up/) };
/** Takes its time to end when it is told to. */
const graceful = `process.on("SIGTERM", () => setTimeout(() => process.exit(0), 300)); setInterval(() => {}, 1e6); console.log("up")`;

describe("a stop with grace", () => {
  requireEngine();
  let deaths: Death[];
  /** How a second in the cache's container ended, which an object of this process takes to stop. */
  let second: number | undefined;
  before("a stack has stopped", async () => {
    const running = await startStack(
      defineStack("grace", (stack) => {
        const db = stack.service("db", ({ image }) => script(image, graceful), { ...up, stopTimeoutMs: 10_000 });
        const app = stack.service("app", ({ image }) => script(image, graceful), {
          ...up,
          after: [db],
          stopTimeoutMs: 10_000,
        });
        stack.service("nginx", ({ image }) => script(image, graceful), { ...up, after: [app], stopTimeoutMs: 10_000 });
        const cache = stack.service("cache", ({ image }) => script(image, graceful), up);
        stack.service(
          "here",
          ({ started }) => ({
            start: async () => {
              const container = await started(cache);
              return { stop: async () => void (second = (await container.exec(["sleep", "1"])).exitCode) };
            },
          }),
          { after: [cache] },
        );
        return {};
      }),
    );
    deaths = await deathsDuring(running.id, () => running.stop());
  });

  it("ends each service before what it depends on", () => {
    expect(deaths.map(({ name }) => name).filter((name) => name !== "cache")).to.deep.equal(["nginx", "app", "db"]);
  });

  it("lets a service end by itself within its time", () => {
    expect(deaths.find(({ name }) => name === "app")).to.have.property("exitCode", 0);
  });

  it("ends an object of this process before the container that it comes after is killed", () => {
    expect(second).to.equal(0);
  });

  it("kills a service that has no such time", () => {
    expect(deaths.find(({ name }) => name === "cache")).to.have.property("exitCode", 137);
  });
});

describe("a stop", () => {
  requireEngine();
  const declared = defineStack("stops", (stack) => {
    const data = stack.volume("data");
    const extra = stack.network("extra");
    stack.task("task", ({ image }) => shell(image, "true"), on);
    stack.service("web", ({ image }) => shell(image, "echo up; sleep 1000"), {
      ...up,
      mounts: [data.at("/data")],
      networks: [extra],
    });
    return {};
  });

  it("leaves no container, network or volume", async () => {
    const running = await startStack(declared);
    const label = `${STACK_LABEL}=${running.id}`;
    expect(await labelled(label)).to.have.lengthOf(2 + 2 + 1);
    await running.stop();
    expect(await labelled(label)).to.deep.equal([]);
  });

  it("leaves nothing of a service that had ended by itself", async () => {
    const running = await startStack(
      defineStack("ended", (stack) => ({
        brief: stack.service("brief", ({ image }) => shell(image, "echo up; sleep 1000"), up),
      })),
    );
    const docker = await engine();
    await docker.getContainer(running.values.brief.getId()).kill();
    await insideOf(running).death;
    await running.stop();
    expect(await labelled(`${STACK_LABEL}=${running.id}`)).to.deep.equal([]);
  });

  it("may be asked for twice", async () => {
    const running = await startStack(declared);
    await Promise.all([running.stop(), running.stop()]);
    await running.stop();
  });

  it("leaves other stacks alone", async () => {
    const [one, other] = await Promise.all([startStack(declared), startStack(declared)]);
    await one.stop();
    expect(await labelled(`${STACK_LABEL}=${other.id}`)).to.have.lengthOf(5);
    await other.stop();
  });
});

describe("a start that fails half way", () => {
  requireEngine();
  it("leaves no container, network or volume, and stops what had started in this process", async () => {
    const name = `half-way-${randomBytes(3).toString("hex")}`;
    let stopped = 0;
    const failure = await failureOf(
      startStack(
        defineStack(name, (stack) => {
          const data = stack.volume("data");
          const here = stack.service("here", () => ({ start: async () => ({ stop: async () => (stopped += 1) }) }));
          const db = stack.service("db", ({ image }) => shell(image, "echo up; sleep 1000"), {
            ...up,
            mounts: [data.at("/data")],
          });
          // Never ready: still on its way when the other fails.
          stack.service("slow", ({ image }) => shell(image, "sleep 1000"), { ...up, after: [db] });
          stack.service("web", ({ image }) => shell(image, "exit 1"), { ...up, after: [db, here] });
          return {};
        }),
      ),
    );
    expect(failure.subject).to.equal("web");
    expect((await labelled(STACK_LABEL)).filter((thing) => thing.includes(name))).to.deep.equal([]);
    expect(stopped).to.equal(1);
  });
});

describe("a service that cannot be stopped", () => {
  requireEngine();
  it("is named, and the rest is released all the same", async () => {
    const running = await startStack(
      defineStack("unstoppable", (stack) => {
        const db = stack.service("db", ({ image }) => shell(image, "echo up; sleep 1000"), up);
        const stop = async (): Promise<void> => {
          throw new Error("the socket is stuck");
        };
        stack.service("stuck", () => ({ start: async () => ({ stop }) }), { after: [db] });
        return {};
      }),
    );
    const failure = await running.stop().catch((error: unknown) => error);
    expect(failure).to.have.property("code", "RELEASE_FAILED");
    expect(failure).to.have.property("sentence").that.includes("the socket is stuck").and.includes("unstoppable");
    expect(await labelled(`${STACK_LABEL}=${running.id}`)).to.deep.equal([]);
  });
});
