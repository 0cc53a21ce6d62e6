import { expect } from "chai";
import { defineStack, logs, requireEngine } from "stackspec";
import { sayIgnoredLimits } from "../../src/engine/service/ignored-limits.ts";
import type { StackRun } from "../../src/engine/plan/stack-run.ts";
import { NODE, engine, shell, useNotices } from "./engine.ts";

const MIB = 1024 ** 2;
const limits = { memory: 64 / 1024, cpu: 0.5 };
const declared = defineStack("limits", (stack) => ({
  limited: stack.service("limited", ({ image }) => shell(image, "echo up; sleep 1000").withResourcesQuota(limits), {
    image: NODE,
    ready: logs(/up/),
  }),
  free: stack.service("free", ({ image }) => shell(image, "echo up; sleep 1000"), { image: NODE, ready: logs(/up/) }),
}));

describe("a service with limits of memory and CPU", () => {
  requireEngine();
  const { running, notes } = useNotices(declared);

  it("has those, or the run says in one line that it has not", async () => {
    const { HostConfig } = await (await engine()).getContainer(running().values.limited.getId()).inspect();
    const isLimited = HostConfig.Memory === 64 * MIB && (HostConfig.NanoCpus ?? 0) + (HostConfig.CpuQuota ?? 0) > 0;
    const said = notes.filter((text) => text.startsWith("limited has no limit of "));
    expect(said).to.have.length(isLimited ? 0 : 1);
  });

  it("is named where its container was created without them", async () => {
    const withoutAny = (await engine()).getContainer(running().values.free.getId());
    const said: unknown[] = [];
    const context = {
      connect: async () => ({ name: "Podman 5.8.6" }),
      onProgress: (event: unknown) => said.push(event),
    };
    const made = shell(NODE, "").withResourcesQuota(limits);
    await sayIgnoredLimits(declared.exports.limited, made, withoutAny, { context } as unknown as StackRun);
    expect(said).to.deep.equal([
      {
        kind: "notice",
        text: "limited has no limit of memory and CPU: Podman 5.8.6 does not set what withResourcesQuota() says, as without root and cgroup v2",
      },
    ]);
  });
});
