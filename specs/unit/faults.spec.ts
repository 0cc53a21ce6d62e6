import { expect } from "chai";
import { StackspecError, defineStack } from "stackspec";
import type { RunningStack } from "stackspec";
import { faultsOf } from "../../src/engine/faults/faults.ts";
import type { StackStart } from "../../src/engine/plan/stack-start.ts";
import { StackRun } from "../../src/engine/plan/stack-run.ts";
import { chooseProfiles } from "../../src/stack/profiles.ts";

const declared = defineStack("shop", ({ service, task, volume }) => {
  const here = service("here", () => ({ start: async () => ({ stop: async () => {} }) }));
  const outside = service("outside", () => ({ start: async () => ({ stop: async () => {} }) }), {
    url: "redis://outside:6379",
    external: "redis://127.0.0.1:1",
  });
  const debug = service("debug", () => ({ start: async () => ({ stop: async () => {} }) }), { profiles: ["debug"] });
  return { here, outside, debug: debug, done: task("done", () => {}), files: volume("files") };
});

describe("faults", () => {
  const stack = chooseProfiles([])(declared);
  const context = { onProgress: () => {}, signal: new AbortController().signal };
  // It comes to nothing of the engine's before it is refused.
  const faults = faultsOf({ run: new StackRun(stack, context as never) } as StackStart);

  for (const [name, sentence] of Object.entries({
    here: "FAULT_IMPOSSIBLE: here: it is an object of this process, not a container",
    outside: "FAULT_IMPOSSIBLE: outside: it runs outside of the stack",
    debug: "FAULT_IMPOSSIBLE: debug: it is not started in these profiles",
    done: 'USAGE: shop: expected a service that the stack exports (here, outside, debug), got "done"',
    files: 'USAGE: shop: expected a service that the stack exports (here, outside, debug), got "files"',
    toString: 'USAGE: shop: expected a service that the stack exports (here, outside, debug), got "toString"',
  }))
    it(`are refused to what no fault is for: ${name}`, async () => {
      await expect(faults.cut(name))
        .to.be.rejectedWith(StackspecError)
        .and.eventually.have.property("sentence", sentence);
    });

  it("fill no volume that has no size", async () => {
    await expect(faults.full("files")).to.be.rejectedWith(
      'FAULT_IMPOSSIBLE: files: the volume has no size: to fill it would be to fill the engine\'s disk — stack.volume("files", { sizeMb: 16 })',
    );
  });

  it("shift a clock by a number", async () => {
    await expect(faults.clock("here", { offsetMs: Number.NaN })).to.be.rejectedWith(
      "USAGE: clock(here): offsetMs: expected a number other than 0, got NaN",
    );
  });

  it("fill no service", async () => {
    await expect(faults.full("here")).to.be.rejectedWith(
      'USAGE: shop: expected a volume that the stack exports (files), got "here"',
    );
  });

  for (const [slowness, sentence] of [
    [{}, "expected latencyMs, bandwidthKbps or both, got neither"],
    [{ latencyMs: -1 }, "latencyMs: expected a number above 0, got -1"],
    [{ bandwidthKbps: Number.NaN }, "bandwidthKbps: expected a number above 0, got NaN"],
    [{ latency: 1 } as object, 'expected latencyMs or bandwidthKbps, got "latency"'],
  ] as const)
    it(`say how slow a network can be, not as ${JSON.stringify(slowness)}`, async () => {
      await expect(faults.slow("here", slowness)).to.be.rejectedWith(`USAGE: slow(here): ${sentence}`);
    });

  it("are named by what the stack exports, or do not compile", () => {
    // @ts-expect-error a volume
    const names: Parameters<(typeof typed)["cut"]>[0] = "files";
    expect(names).to.equal("files");
  });
});

declare const typed: RunningStack<(typeof declared)["exports"]>;
