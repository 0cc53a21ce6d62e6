import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { imageResolver } from "../../src/images/resolve.ts";
import { removeResources } from "../../src/engine/docker/labels.ts";
import type { Runtime } from "../../src/engine/docker/connect.ts";
import { runOf, startNode, startRun } from "./child.ts";
import type { ChildOptions, Run } from "./child.ts";
import {
  NODE,
  REAPER_LABEL,
  RUN_LABEL,
  cleanUp,
  engine,
  labelled,
  leftAfter,
  onceThere,
  removeLabelled,
} from "./engine.ts";
import { watchedSocketToEngine } from "./socket.ts";

/** When things are gone is the engine's matter, and a busy machine's: this is the time after which they stay. */
const GONE_WITHIN_MS = 90_000;
const RYUK = "testcontainers/ryuk:0.14.0";

/** A run that waits in the middle of its specs. */
function waiting({ environment = {}, ...options }: ChildOptions = {}): Run {
  return startRun(["ends.ts"], { ...options, environment: { ...environment, ENDS: "waits" } });
}

async function idOf(child: Run): Promise<string> {
  const [, id] = await child.shown(/^run ([0-9a-f]{8})$/m);
  return id!;
}

/** What an image is called on this engine. */
async function referenceOf(image: string): Promise<string> {
  const resolve = imageResolver({
    config: { images: "auto", debianMirror: undefined },
    docker: engine,
    signal: new AbortController().signal,
    onDetail: () => {},
    onResolved: () => {},
  });
  return (await resolve(image)).reference;
}

describe("the reaper of a run", () => {
  requireEngine();
  const repo = `localhost/stackspec-spec/ryuk-${randomUUID()}`;

  before("one that tells what it guards, and one that does not answer", async function () {
    this.timeout(60_000);
    const docker = await engine();
    for (const [image, tag, changes] of [
      [RYUK, "verbose", "ENV RYUK_VERBOSE=true"],
      [NODE, "mute", 'ENTRYPOINT ["sleep", "1000"]'],
    ] as const) {
      const container = await docker.createContainer({ Image: await referenceOf(image) });
      await container.commit({ repo, tag, changes });
      await container.remove();
    }
  });
  cleanUp("their images are gone", async () => {
    for (const tag of ["verbose", "mute"]) await (await engine()).getImage(`${repo}:${tag}`).remove();
  });

  it("removes what a run leaves that is killed together with its watchdog", async function () {
    this.timeout(180_000);
    const child = waiting({ environment: { RYUK_CONTAINER_IMAGE: `${repo}:verbose` } });
    const id = await idOf(child);
    const [reaper] = await onceThere(`${REAPER_LABEL}=${id}`);
    await untilLogged(reaper!.Id, "label");
    const watchdogs = execFileSync("pgrep", ["-f", `watchdog\\.[jt]s ${id}$`], { encoding: "utf8" });
    for (const pid of watchdogs.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    child.process.kill("SIGKILL");
    expect(await leftAfter(`${RUN_LABEL}=${id}`, GONE_WITHIN_MS)).to.deep.equal([]);
    expect(await leftAfter(`${REAPER_LABEL}=${id}`, GONE_WITHIN_MS), "the reaper itself").to.deep.equal([]);
  });

  it("is said to be missing, once, when it cannot start, and the run passes", async function () {
    this.timeout(120_000);
    const child = waiting({ environment: { RYUK_CONTAINER_IMAGE: "localhost:1/no-reaper:1" } });
    await child.shown(/^No reaper guards this run: REGISTRY_UNREACHABLE: localhost:1\/no-reaper:1: /m);
    await child.shown(/under way/);
    child.process.stdin!.write("go on\n");
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
    expect(output.match(/No reaper/g)).to.have.lengthOf(1);
  });

  it("leaves no container when it does not answer", async function () {
    this.timeout(120_000);
    const child = waiting({ environment: { RYUK_CONTAINER_IMAGE: `${repo}:mute` } });
    const id = await idOf(child);
    await child.shown(/^No reaper guards this run: /m);
    expect(await labelled(`${REAPER_LABEL}=${id}`)).to.deep.equal([]);
    await child.shown(/under way/);
    child.process.stdin!.write("go on\n");
    expect(await child.ended).to.have.property("exitCode", 0);
  });
});

/** Resolves when a container's log shows `text`: Ryuk and its substitute have the word of what they were told to remove. */
async function untilLogged(id: string, text: string): Promise<void> {
  const container = (await engine()).getContainer(id);
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const merged = new PassThrough();
  container.modem.demuxStream(stream, merged, merged);
  for await (const line of createInterface({ input: merged })) if (line.includes(text)) break;
  (stream as PassThrough).destroy();
}

describe("the watchdog of a run", () => {
  requireEngine();
  it("removes what a run leaves whose whole process group is killed", async function () {
    this.timeout(180_000);
    const child = waiting({ ownGroup: true, environment: { TESTCONTAINERS_RYUK_DISABLED: "true" } });
    const id = await idOf(child);
    await child.shown(/under way/);
    process.kill(-child.process.pid!, "SIGKILL");
    await child.ended;
    expect(await leftAfter(`${RUN_LABEL}=${id}`, GONE_WITHIN_MS)).to.deep.equal([]);
  });
});

describe("the removal of what carries a label", () => {
  requireEngine();
  it("takes the nameless volumes of containers with them", async function () {
    this.timeout(30_000);
    const docker = await engine();
    const [name, value] = ["dev.stackspec.spec", randomUUID()];
    const container = await docker.createContainer({
      Image: await referenceOf(NODE),
      Labels: { [name]: value },
      Volumes: { "/data": {} },
    });
    const { Mounts } = await container.inspect();
    await removeResources({ docker } as Runtime, `${name}=${value}`);
    await expect(docker.getVolume(Mounts[0]!.Name!).inspect()).to.be.rejected.and.eventually.include({
      statusCode: 404,
    });
  });
});

describe("a run that cannot remove what it made", () => {
  requireEngine();
  it("is well when the engine refuses to remove a container once, and then does it", async function () {
    this.timeout(60_000);
    let refused = 0;
    const socket = await watchedSocketToEngine(({ method, url, answer }) => {
      if (method !== "DELETE" || !/\/containers\/[0-9a-f]+$/.test(url.pathname) || refused > 0) return;
      refused += 1;
      answer(500, { message: "unable to remove filesystem: directory not empty" });
    });
    const ended = await startRun(["ends.ts"], {
      environment: { DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true", STACKSPEC_SNAPSHOTS: "off" },
    }).ended;
    socket.cut();
    expect(ended.exitCode, ended.output).to.equal(0);
    expect(refused).to.equal(1);
    expect(await labelled(`${RUN_LABEL}=${runOf(ended)}`)).to.deep.equal([]);
  });

  it("fails, and names what is left", async function () {
    this.timeout(120_000);
    // The engine is never asked to remove a volume, though it seems to have been.
    const socket = await watchedSocketToEngine(({ method, url, answer }) => {
      if (method === "DELETE" && url.pathname.includes("/volumes/")) answer(204);
    });
    const child = startRun(["ends.ts"], {
      environment: { ENDS: "well", DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true" },
    });
    const ended = await child.ended;
    socket.cut();
    const left = await labelled(`${RUN_LABEL}=${runOf(ended)}`);
    await removeLabelled(`${RUN_LABEL}=${runOf(ended)}`);
    expect(left).to.have.lengthOf(1);
    expect(ended.exitCode, ended.output).to.equal(1);
    expect(ended.output).to.match(
      /RELEASE_FAILED: engine: expected nothing to be left, found 1 volume \(stackspec-ends-well-\S+\) — npm run clean/,
    );
  });
});

describe("a start that is cut off while the engine makes a container", () => {
  requireEngine();
  it("has removed that container when it has failed", async function () {
    this.timeout(120_000);
    const asked = Promise.withResolvers<void>();
    const swept = Promise.withResolvers<void>();
    // The engine has the container only after the stack's network has gone.
    const socket = await watchedSocketToEngine(({ method, url, answered }) => {
      if (method === "DELETE" && url.pathname.includes("/networks/")) void answered.then(() => swept.resolve());
      if (!url.pathname.endsWith("/containers/create")) return undefined;
      asked.resolve();
      return swept.promise;
    });
    try {
      const child = startNode(["specs/integration/fixtures/cut-off.ts"], {
        environment: { STACK_NAME: `cut-off-${randomUUID()}`, DOCKER_HOST: socket.address },
      });
      await asked.promise;
      child.process.stdin!.write("fail\n");
      const { output } = await child.ended;
      expect(JSON.parse(output.trimEnd().split("\n").at(-1)!)).to.deep.equal({
        sentence: "CREATE_FAILED: fails: cannot be started: told to fail",
        left: [],
      });
    } finally {
      socket.cut();
    }
  });
});
