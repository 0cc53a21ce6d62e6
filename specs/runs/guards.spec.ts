import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type Dockerode from "dockerode";
import { requireEngine } from "stackspec";
import { OWNER_LABEL, removeResources } from "../../src/engine/docker/labels.ts";
import type { Runtime } from "../../src/engine/docker/connect.ts";
import { runOf, startNode, startRun } from "../integration/child.ts";
import type { ChildOptions, Ended, Run } from "../integration/child.ts";
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
  referenceOf,
} from "../integration/engine.ts";
import { socketToEngine, watchedSocketToEngine, whereItIs } from "../integration/socket.ts";
import type { SocketToEngine } from "../integration/socket.ts";

/** When things are gone is the engine's matter, and a busy machine's: this is the time after which they stay. */
const GONE_WITHIN_MS = 90_000;

/** A run that waits in the middle of its specs. */
function waiting({ environment = {}, ...options }: ChildOptions = {}): Run {
  return startRun(["ends.ts"], { ...options, environment: { ...environment, ENDS: "waits" } });
}

async function idOf(child: Run): Promise<string> {
  const [, id] = await child.shown(/^run ([0-9a-f]{8})$/m);
  return id!;
}

/** Makes a container of a run that does not know of it, as the engine does for who is gone by then. It has a nameless volume. */
async function makeFor(id: string): Promise<Dockerode.Container> {
  return (await engine()).createContainer({
    Image: await referenceOf(NODE),
    Labels: { [RUN_LABEL]: id },
    Volumes: { "/data": {} },
  });
}

/** The reapers of a run that has come to its first spec. */
const reapersOf = async (child: Run): Promise<Dockerode.ContainerInspectInfo[]> =>
  onceThere(`${REAPER_LABEL}=${await idOf(child)}`);

/** Resolves when a container is not there any more. */
async function goneFrom(id: string): Promise<void> {
  const container = (await engine()).getContainer(id);
  await container.wait({ condition: "removed" }).catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
  });
}

/** A run that reaches the engine by this socket, and tells a reaper of the engine's own. */
async function through({ address }: SocketToEngine): Promise<Record<string, string>> {
  const { path } = await whereItIs();
  return { DOCKER_HOST: address, ...(path === undefined ? {} : { TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: path }) };
}

/** Where an engine's socket is on most machines. */
const USUAL_SOCKET = "/var/run/docker.sock";
/** Whether a socket of these specs can take its place in a reaper: the engine is on this machine, and whoever may do everything. */
const canBeMounted = async (): Promise<boolean> => (await whereItIs()).path === USUAL_SOCKET;

describe("the reaper of a run", () => {
  requireEngine();

  it("removes what a run leaves that is killed together with its watchdog", async function () {
    this.timeout(180_000);
    const child = waiting();
    const id = await idOf(child);
    const { Mounts } = await (await makeFor(id)).inspect();
    const watchdogs = execFileSync("pgrep", ["-f", `watchdog\\.[jt]s ${id}$`], { encoding: "utf8" });
    for (const pid of watchdogs.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    child.process.kill("SIGKILL");
    expect(await leftAfter(`${RUN_LABEL}=${id}`, GONE_WITHIN_MS)).to.deep.equal([]);
    expect(await leftAfter(`${REAPER_LABEL}=${id}`, GONE_WITHIN_MS), "the reaper itself").to.deep.equal([]);
    // A nameless volume has no label.
    await expect((await engine()).getVolume(Mounts[0]!.Name!).remove()).to.be.rejected.and.eventually.include({
      statusCode: 404,
    });
  });

  it("runs before the first network and container of the run are made", async function () {
    this.timeout(120_000);
    const child = waiting();
    const label = [`${RUN_LABEL}=${await idOf(child)}`];
    const docker = await engine();
    const [reaper] = await reapersOf(child);
    const [networks, containers] = await Promise.all([
      docker.listNetworks({ filters: { label } }),
      docker.listContainers({ filters: { label } }),
    ]);
    const inspected = await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).inspect()));
    const made = [...networks, ...inspected].map(({ Created }) => Date.parse(Created));
    child.process.kill("SIGTERM");
    expect(made).to.have.lengthOf(2);
    expect(Math.min(...made)).to.be.at.least(Date.parse(reaper!.State.StartedAt));
  });

  it("can be reached from no network", async function () {
    this.timeout(120_000);
    const child = waiting();
    const [reaper] = await reapersOf(child);
    child.process.kill("SIGTERM");
    const { Ports, Networks } = reaper!.NetworkSettings;
    expect(Object.keys(Networks)).to.deep.equal(["none"]);
    expect(Ports).to.deep.equal({});
    expect(reaper!.HostConfig.PortBindings ?? {}).to.deep.equal({});
  });

  const losses: Record<string, (reaper: string, socket: SocketToEngine) => Promise<unknown> | void> = {
    "whose connections to the engine break": (_, socket) => socket.drop(),
    "whose reaper somebody removes": async (reaper) => (await engine()).getContainer(reaper).remove({ force: true }),
    "whose reaper somebody else has talked to": async (reaper) => {
      const container = (await engine()).getContainer(reaper);
      (await container.attach({ stream: true, hijack: true, stdin: true })).end("label=dev.stackspec.run\n");
    },
  };
  for (const [title, lose] of Object.entries(losses))
    it(`is followed by another, and removes nothing, in a run ${title}`, async function () {
      this.timeout(180_000);
      const socket = await socketToEngine();
      const child = waiting({ environment: await through(socket) });
      const id = await idOf(child);
      await child.shown(/under way/);
      const [first] = await reapersOf(child);
      const there = await labelled(`${RUN_LABEL}=${id}`);
      await lose(first!.Id, socket);
      await goneFrom(first!.Id);
      const followers = await reapersOf(child);
      const stillThere = await labelled(`${RUN_LABEL}=${id}`);
      child.process.stdin!.write("go on\n");
      const { exitCode, output } = await child.ended;
      socket.cut();
      expect(followers.map(({ Id }) => Id))
        .to.have.lengthOf(1)
        .and.not.to.include(first!.Id);
      expect(stillThere).to.have.members(there);
      expect(exitCode, output).to.equal(0);
      expect(await labelled(`${REAPER_LABEL}=${id}`)).to.deep.equal([]);
    });

  describe("that cannot reach the engine any more", function () {
    this.timeout(180_000);
    let id: string;
    let there: string[];
    let late: Dockerode.Container | undefined;
    let left: string[];
    let ended: Ended;

    before("its reaper has come and gone", async () => {
      const socket = await socketToEngine();
      const socketOfReaper = await watchedSocketToEngine(async ({ url }) => {
        // Volumes are listed last in a sweep: one that has found nothing does not find this.
        if (late !== undefined || !url.pathname.endsWith("/volumes")) return;
        if ((await labelled(`${RUN_LABEL}=${id}`)).length === 0) late = await makeFor(id);
      });
      const environment = await through(socket);
      if (await canBeMounted()) {
        const { pathname } = new URL(socketOfReaper.address);
        // A reaper may not pass over who owns it.
        chmodSync(pathname, 0o666);
        environment["TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"] = pathname;
      }
      const child = waiting({ environment });
      id = await idOf(child);
      await child.shown(/under way/);
      const [reaper] = await reapersOf(child);
      there = await labelled(`${RUN_LABEL}=${id}`);
      socket.cut();
      await goneFrom(reaper!.Id);
      left = await labelled(`${RUN_LABEL}=${id}`);
      socketOfReaper.cut();
      child.process.stdin!.write("go on\n");
      ended = await child.ended;
    });
    cleanUp("nothing of it is left", () => removeLabelled(`${RUN_LABEL}=${id}`));

    it("removes what that has made", () => {
      expect(there).to.have.lengthOf(3);
      expect(left).not.to.include.oneOf(there);
    });

    it("removes a container that the engine makes when a sweep has found nothing", async function () {
      if (!(await canBeMounted())) this.skip();
      await expect(late!.inspect()).to.be.rejected.and.eventually.include({ statusCode: 404 });
    });

    it("lets it end in red", () => {
      expect(ended.exitCode, ended.output).to.equal(1);
    });
  });

  describe("that says anything but its word", () => {
    const repo = `localhost/stackspec-spec/node-${randomUUID()}`;
    before("there is such an image", async function () {
      this.timeout(60_000);
      const container = await (
        await engine()
      ).createContainer({
        Image: await referenceOf(NODE),
        Cmd: [
          "sh",
          "-c",
          "printf '#!/bin/sh\\necho ACK; exec cat' > /usr/local/bin/node; chmod +x /usr/local/bin/node",
        ],
      });
      await container.start();
      await container.wait();
      await container.commit({ repo, tag: "polite" });
      await container.remove();
    });
    cleanUp("its image is gone", async () => {
      await (await engine()).getImage(`${repo}:polite`).remove();
    });

    it("is said to be none, and is removed", async function () {
      this.timeout(120_000);
      const child = waiting({ environment: { STACKSPEC_REAPER_IMAGE: `${repo}:polite` } });
      const id = await idOf(child);
      await child.shown(new RegExp(`^No reaper guards this run: expected .*"guarding ${id}", it said "ACK"$`, "m"));
      expect(await labelled(`${REAPER_LABEL}=${id}`)).to.deep.equal([]);
      await child.shown(/under way/);
      child.process.stdin!.write("go on\n");
      expect(await child.ended).to.have.property("exitCode", 0);
    });
  });

  it("is removed by the next run when its own was killed before it had started it", async function () {
    this.timeout(120_000);
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const { id } = await (
      await engine()
    ).createContainer({
      Image: await referenceOf(NODE),
      Labels: { [REAPER_LABEL]: "00000000", [OWNER_LABEL]: `${hostname()}/${pid}` },
    });
    const child = waiting();
    await goneFrom(id);
    child.process.kill("SIGTERM");
    await child.ended;
  });

  it("finds the engine's socket at its usual path where there is none at the path of this machine", async function () {
    this.timeout(120_000);
    if ((await whereItIs()).path !== USUAL_SOCKET) this.skip();
    const elsewhere = join(tmpdir(), randomUUID(), "docker.sock");
    const child = waiting({ environment: { TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: elsewhere } });
    const [reaper] = await reapersOf(child);
    expect(reaper!.Mounts.map(({ Source }) => Source)).to.deep.equal([USUAL_SOCKET]);
    // Unless it is refused, the engine makes a folder of that name.
    expect(existsSync(elsewhere)).to.equal(false);
    child.process.kill("SIGTERM");
    await child.ended;
  });

  it("is said to be missing, once, when it cannot start, and the run passes", async function () {
    this.timeout(120_000);
    const child = waiting({ environment: { STACKSPEC_REAPER_IMAGE: "localhost:1/no-reaper:1" } });
    await child.shown(/^No reaper guards this run: REGISTRY_UNREACHABLE: localhost:1\/no-reaper:1: /m);
    await child.shown(/under way/);
    child.process.stdin!.write("go on\n");
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
    expect(output.match(/No reaper/g)).to.have.lengthOf(1);
  });
});

describe("the watchdog of a run", function () {
  requireEngine();
  this.timeout(180_000);
  let id: string;
  let there: string[];
  let late: Promise<Dockerode.Container> | undefined;
  let left: string[];

  before("there is no other process of the run any more, and no reaper", async () => {
    const { path } = await whereItIs();
    const socket = await watchedSocketToEngine(({ method, url }) => {
      // A sweep has found what it removes before the volumes go: the first has not found this.
      return method === "DELETE" && url.pathname.includes("/volumes/") ? (late ??= makeFor(id)) : undefined;
    });
    const environment = {
      TESTCONTAINERS_RYUK_DISABLED: "true",
      ...(path !== undefined && { DOCKER_HOST: socket.address }),
    };
    const child = waiting({ ownGroup: true, environment });
    id = await idOf(child);
    await child.shown(/under way/);
    there = await labelled(`${RUN_LABEL}=${id}`);
    process.kill(-child.process.pid!, "SIGKILL");
    await child.ended;
    left = await leftAfter(`${RUN_LABEL}=${id}`, GONE_WITHIN_MS);
    socket.cut();
  });
  cleanUp("nothing of it is left", () => removeLabelled(`${RUN_LABEL}=${id}`));

  it("removes what a run leaves whose whole process group is killed", () => {
    expect(there).to.have.lengthOf(3);
    expect(left).not.to.include.oneOf(there);
  });

  it("removes a container that the engine makes when the run and the first sweep are over", async function () {
    if ((await whereItIs()).path === undefined) this.skip();
    await expect((await late!).inspect()).to.be.rejected.and.eventually.include({ statusCode: 404 });
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
      /RELEASE_FAILED: engine: expected nothing to be left, found 1 volume \(stackspec-ends-well-\S+\) — npx stackspec clean/,
    );
  });
});

describe("a start that is cut off while the engine makes a container", () => {
  requireEngine();
  it("has removed that container, and the volume that the engine has made again for it, when it has failed", async function () {
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
        environment: {
          STACK_NAME: `cut-off-${randomUUID()}`,
          DOCKER_HOST: socket.address,
          TESTCONTAINERS_RYUK_DISABLED: "true",
        },
      });
      await asked.promise;
      child.process.stdin!.write("fail\n");
      const { output } = await child.ended;
      expect(JSON.parse(output.trimEnd().split("\n").at(-1)!)).to.deep.equal({
        sentence: "CREATE_FAILED: fails: cannot be started: told to fail",
        left: [],
        volumes: [],
      });
    } finally {
      socket.cut();
    }
  });
});
