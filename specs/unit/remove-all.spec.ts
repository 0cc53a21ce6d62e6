import { expect } from "chai";
import { removeAll } from "../../src/engine/cleanup/remove-all.ts";
import type { Runtime } from "../../src/engine/docker/connect.ts";

describe("the removal of all that carries a label", () => {
  const { now } = performance;
  afterEach("time passes as it did", () => {
    performance.now = now;
  });

  /** An engine whose container somebody else is removing: it goes when it has been listed so often, and each attempt takes so long. */
  function engineOf({ listed, tookMs }: { listed: number; tookMs: number }): Runtime {
    let times = 0;
    let passedMs = 0;
    performance.now = () => passedMs;
    const remove = async (): Promise<never> => {
      passedMs += tookMs;
      throw new Error("removal of container a1b2c3 is already in progress");
    };
    const docker = {
      listContainers: async () => (++times > listed ? [] : [{ Id: "a1b2c3" }]),
      listNetworks: async () => [],
      listVolumes: async () => ({ Volumes: [] }),
      getContainer: () => ({ kill: async () => {}, remove }),
    };
    return { docker } as unknown as Runtime;
  }

  it("gives what is being removed already its time, however long the first attempt took", async () => {
    await removeAll(engineOf({ listed: 2, tookMs: 60_000 }), "run=1");
  });

  it("names what is there when that is over", async () => {
    await expect(removeAll(engineOf({ listed: 99, tookMs: 3_000 }), "run=1")).to.be.rejectedWith(
      /^RELEASE_FAILED: engine: expected nothing to be left, found 1 container \(a1b2c3\)/,
    );
  });
});
