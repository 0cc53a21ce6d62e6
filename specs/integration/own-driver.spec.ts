import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack } from "stackspec";
import type { FactoryContext } from "stackspec";
import { defineDriver } from "stackspec/drivers";
import type { Driver, Server } from "stackspec/drivers";
import { readConfig } from "../../src/config/config.ts";
import { forgetReusableStack } from "../../src/engine/kept/kept-note.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { NODE, STACK_LABEL, labelled, removeLabelled, shell } from "./engine.ts";

const server: Server = { takeBaseline: async () => {}, reset: async () => {} };
const stuck = async (): Promise<never> => {
  throw new Error("the socket is stuck");
};

const idle = ({ image }: FactoryContext) => shell(image, "echo up; sleep 1000");
/** What a service is declared with whose driver does nothing, or only this. */
const on = (driver: Partial<Driver>) => ({
  image: NODE,
  ready: logs(/up/),
  driver: defineDriver({ title: "Idle", port: 8000, connect: () => server, ...driver }),
});

describe("a project's own driver that cannot close its connections", function () {
  this.timeout(60_000);
  requireEngine();

  it("fails the end of the stack by the name of its service, when all has been released", async () => {
    const closed: string[] = [];
    const close = async (): Promise<void> => void closed.push("cache");
    const running = await startStack(
      defineStack("close-fails", (stack) => {
        stack.service("db", idle, on({ connect: () => ({ ...server, close: stuck }) }));
        stack.service("cache", idle, on({ connect: () => ({ ...server, close }) }));
        return {};
      }),
    );
    await expect(running.stop()).to.be.rejectedWith(
      /^RELEASE_FAILED: db: what it is reset by cannot be closed: the socket is stuck — /,
    );
    expect(closed).to.deep.equal(["cache"]);
    expect(await labelled(`${STACK_LABEL}=${running.id}`)).to.deep.equal([]);
  });

  it("hides no service that could not be stopped", async () => {
    const running = await startStack(
      defineStack("neither", (stack) => {
        stack.service("db", idle, on({ connect: () => ({ ...server, close: stuck }) }));
        const stop = async (): Promise<void> => {
          throw new Error("it does not stop");
        };
        stack.service("app", () => ({ start: async () => ({ stop }) }));
        return {};
      }),
    );
    await expect(running.stop()).to.be.rejectedWith(/^RELEASE_FAILED: neither: .*it does not stop/);
  });

  it("leaves a kept stack to the next run", async () => {
    let starts = 0;
    const connect = (): Server => ({ ...server, ...((starts += 1) === 1 && { close: stuck }) });
    const stack = defineStack(`kept-${randomUUID().slice(0, 8)}`, ({ service }) => ({
      db: service("db", idle, on({ connect })),
    }));
    const open = () => openSession(readConfig({ TESTCONTAINERS_RYUK_DISABLED: "true" }));
    const first = open();
    const { id } = await first.start(stack, { keep: true });
    try {
      await expect(first.close()).to.be.rejectedWith(/^RELEASE_FAILED: db: /);
      const second = open();
      const { wasUp } = await second.start(stack, { keep: true });
      await second.close();
      expect(wasUp).to.equal(true);
    } finally {
      await removeLabelled(`${STACK_LABEL}=${id}`);
      await forgetReusableStack(id);
    }
  });
});

describe("a checkpoint of a service whose driver cannot make one", function () {
  this.timeout(60_000);
  requireEngine();
  /** How it fails, where only the first connection is as it should be. */
  const failureWith = async (connectAgain: () => Server): Promise<unknown> => {
    let connections = 0;
    const connect = (): Server => ((connections += 1) === 1 ? server : connectAgain());
    const running = await startStack(
      defineStack("no-checkpoint", ({ service }) => ({ db: service("db", idle, on({ connect, checkpoints: true })) })),
    );
    try {
      return await running.checkpoint().catch((error: unknown) => error);
    } finally {
      await running.stop();
    }
  };

  it("fails by the name of the service when the driver cannot connect once more", async () => {
    const failure = await failureWith(() => {
      throw new Error("too many connections");
    });
    expect(failure)
      .to.have.property("sentence")
      .that.matches(/^RESET_FAILED: db: what it holds cannot be noted: too many connections — /);
  });

  it("fails with what could not be noted when that cannot be closed either", async () => {
    const takeBaseline = async (): Promise<never> => {
      throw new Error("the disk is full");
    };
    expect(await failureWith(() => ({ ...server, takeBaseline, close: stuck })))
      .to.have.property("sentence")
      .that.matches(/^RESET_FAILED: db: what it holds cannot be noted: the disk is full — /);
  });
});
