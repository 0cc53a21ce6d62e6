import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, requireEngine } from "stackspec";
import type { TaskResult } from "stackspec";
import { openSession } from "../../src/engine/run/session.ts";
import { LOCAL } from "../../src/images/debian.ts";
import { NODE, cleanUp, engine, removeLabelled, shell, configIn } from "./engine.ts";

describe("what a task has printed", function () {
  this.timeout(120_000);
  requireEngine();

  const name = `output-${randomUUID().slice(0, 8)}`;
  /** Longer than what is kept of it, in lines and in bytes; its last line says how often it has run. */
  const lines = `i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo "line $i of 6000"; done; cat /proc/sys/kernel/random/uuid`;
  const stack = defineStack(name, (declare) => {
    const data = declare.volume("data");
    const print = declare.task("print", ({ image }) => shell(image, lines), {
      image: NODE,
      mounts: [data.at("/data")],
    });
    declare.service("holder", ({ image }) => shell(image, "echo up; sleep 1000"), {
      image: NODE,
      after: [print],
      mounts: [data.at("/data")],
    });
    return { print };
  });

  let logs = "";
  before("a folder for logs", async () => {
    logs = await mkdtemp(join(tmpdir(), "stackspec-output-"));
  });
  cleanUp("its images, its kept stack and its folder are gone", async () => {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/${name}/*`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    const kept = await docker.listContainers({ all: true, filters: { label: ["dev.stackspec.run"] } });
    const own = kept
      .map(({ Labels }) => Labels["dev.stackspec.stack"] ?? "of no stack")
      .filter((id) => id.startsWith(`stackspec-${name}-`));
    for (const id of new Set(own)) await removeLabelled(`dev.stackspec.stack=${id}`);
    await rm(logs, { recursive: true });
  });

  /** Its result in a run of its own. */
  async function result(options: { keep?: boolean; snapshot?: boolean } = {}): Promise<TaskResult> {
    const { keep = false, snapshot = false } = options;
    const off = keep ? { STACKSPEC_SNAPSHOTS: "off" } : {};
    const session = openSession(configIn(logs, off));
    try {
      const { values } = await session.start(stack, { keep });
      if (snapshot) await session.keepSnapshot(stack, () => {});
      return values.print;
    } finally {
      await session.close();
    }
  }

  it("is its last 64 KiB", async () => {
    const { output } = await result();
    expect(Buffer.byteLength(output)).to.equal(64 * 1024);
    expect(output).to.match(/\nline 6000 of 6000\n[0-9a-f-]{36}$/);
  });

  it("is the same in the run that is started from a snapshot, which does not run it", async () => {
    // The task runs once more for the snapshot: what that printed is what later runs are told.
    await result({ snapshot: true });
    const restored = await result();
    expect(await result()).to.deep.equal(restored);
    expect(Buffer.byteLength(restored.output)).to.equal(64 * 1024);
  });

  it("is the same in the run that takes over a kept stack", async () => {
    const first = await result({ keep: true });
    expect(await result({ keep: true })).to.deep.equal(first);
  });
});
