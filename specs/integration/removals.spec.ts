import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { eventually, requireEngine } from "stackspec";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { removeResources } from "../../src/engine/docker/labels.ts";
import { openCapture } from "../../src/engine/snapshot/capture.ts";
import { NODE, RUN_LABEL, engine, labelled, referenceOf } from "./engine.ts";

describe("the container that a snapshot is read from", () => {
  requireEngine();

  it("is removed by several at once, as when a clean-up comes in between", async () => {
    const run = randomBytes(4).toString("hex");
    const image = await referenceOf(NODE);
    const capture = await openCapture(await engine(), image, {}, run, new AbortController().signal);
    await Promise.all(Array.from({ length: 8 }, () => capture.remove()));
    expect(await labelled(`${RUN_LABEL}=${run}`)).to.deep.equal([]);
  });
});

describe("a container that is left of a run", function () {
  this.timeout(60_000);
  requireEngine();
  let folder = "";
  before("there is a folder for what it notes", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-removals-"));
    await chmod(folder, 0o777);
  });
  after("it is gone", () => rm(folder, { recursive: true, force: true }));

  it("is killed when it is removed, and not asked to end, as which Podman would wait ten seconds for", async () => {
    const run = randomBytes(4).toString("hex");
    const docker = await engine();
    const container = await docker.createContainer({
      Image: await referenceOf(NODE),
      Cmd: ["sh", "-c", "trap 'touch /notes/asked' TERM; touch /notes/up; for i in $(seq 300); do sleep 0.1; done"],
      Labels: { [RUN_LABEL]: run },
      HostConfig: { Binds: [`${folder}:/notes`] },
    });
    await container.start();
    await eventually(() => expect(readdir(folder)).to.eventually.deep.equal(["up"]));
    await removeResources(await connectEngine(), `${RUN_LABEL}=${run}`);
    expect(await readdir(folder)).to.deep.equal(["up"]);
    expect(await labelled(`${RUN_LABEL}=${run}`)).to.deep.equal([]);
  });
});
