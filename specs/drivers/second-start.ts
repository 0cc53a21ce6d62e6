import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import type { RunningStack } from "stackspec";
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { cleanUp, engine, removeLabelled } from "../integration/engine.ts";

/** A server of one of the official images that a stack can be made of. */
interface Server<S> {
  readonly image: string;
  /** Where its volume is. */
  readonly data: string;
  readonly create: (image: string) => GenericContainer & { start(): Promise<S> };
  /** What is done with it between its first and its second start. */
  readonly write: (server: S) => Promise<void>;
}

/** A server that has been started, written to, stopped as its image wants to be, and started again on the same volume. */
export function useSecondStart<S extends StartedTestContainer>({ image, data, create, write }: Server<S>): () => S {
  requireEngine();
  const volume = `stackspec-spec-${randomUUID()}`;
  const stack = defineStack("second-start", ({ service }) => ({
    server: service("server", (given) => create(given.image).withBindMounts([{ source: volume, target: data }]), {
      image,
      durable: true,
      // What is asked is what the image does, whatever password its second start is told.
      reset: "keep",
      stopTimeoutMs: 20_000,
    }),
  }));
  let running: RunningStack<typeof stack.exports> | undefined;
  before(`${image} has been started twice on the same volume`, async function () {
    this.timeout(0); // The image may have to be built first; the stack's own deadline ends the wait.
    await (await engine()).createVolume({ Name: volume, Labels: { [volume]: "" } });
    const first = await startStack(stack);
    try {
      await write(first.values.server);
    } finally {
      await first.stop();
    }
    running = await startStack(stack);
  });
  cleanUp(`${image} and its volume are gone`, async () => {
    await running?.stop();
    await removeLabelled(volume);
  });
  return () => running!.values.server;
}

/** What a program in a container prints. */
export async function printed(server: StartedTestContainer, ...command: string[]): Promise<string> {
  const { exitCode, output } = await server.exec(command);
  expect(exitCode, output).to.equal(0);
  return output.trim();
}

/** What the images of servers have in common. */
export function itRunsAsItsOwnUser(server: () => StartedTestContainer): void {
  it("runs as its own user, whose ID is 999", async () => {
    await expect(printed(server(), "stat", "-c", "%u", "/proc/1")).to.eventually.equal("999");
  });
}
