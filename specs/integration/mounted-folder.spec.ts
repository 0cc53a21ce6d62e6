import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack } from "stackspec";
import type { RunningStack } from "stackspec";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { NODE, cleanUp, shell } from "./engine.ts";

describe("a folder of this machine that a service mounts", () => {
  requireEngine();
  let folder: string;
  let running: RunningStack;
  before("its service is ready", async function () {
    this.timeout(60_000);
    if (!(await connectEngine()).local) this.skip();
    folder = await mkdtemp(join(tmpdir(), "stackspec-mount-"));
    // Whoever runs the engine, and its containers.
    await chmod(folder, 0o777);
    await writeFile(join(folder, "note"), "from here");
    const copy = "cp /mounted/note /mounted/copy; echo up; sleep 1000";
    running = await startStack(
      defineStack("mounted", (stack) => {
        stack.service(
          "web",
          ({ image }) => shell(image, copy).withBindMounts([{ source: folder, target: "/mounted" }]),
          { image: NODE, ready: logs(/up/) },
        );
        return {};
      }),
    );
  });
  cleanUp("it is gone", async () => {
    await running.stop();
    await rm(folder, { recursive: true });
  });

  it("has what the service writes there", async () => {
    expect(await readFile(join(folder, "copy"), "utf8")).to.equal("from here");
  });
});
