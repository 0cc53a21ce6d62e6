import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine, startStack } from "stackspec";
import { startNode, startRun } from "./child.ts";
import type { Ended, Run } from "./child.ts";
import { cleanUp, RUN_LABEL, REAPER_LABEL, STACK_LABEL, engine, labelled, removeLabelled } from "./engine.ts";
import { tiny } from "./fixtures/tiny.ts";
import { narrowSocketToEngine } from "./socket.ts";
import type { SocketToEngine } from "./socket.ts";

const OWNER_LABEL = "dev.stackspec.owner";

/** The command, shown only what is under a label: others may have their runs on this engine now. */
async function cleanAt(socket: SocketToEngine, words: string[] = [], HOME = process.env["HOME"]!): Promise<Ended> {
  return startNode(["src/cli/main.ts", "clean", ...words], { environment: { DOCKER_HOST: socket.address, HOME } })
    .ended;
}

describe("the command that cleans up", function () {
  this.timeout(60_000);
  requireEngine();
  const mark = `dev.stackspec.spec=${randomBytes(4).toString("hex")}`;
  const marks = { [mark.split("=")[0]!]: mark.split("=")[1]! };
  const name = (part: string): string => `stackspec-clean-${mark.split("=")[1]}-${part}`;
  let socket: SocketToEngine;
  const clean = (): Promise<Ended> => cleanAt(socket);
  let ended: Ended;

  before("it has met what a killed run left, and what is not ours", async function () {
    this.timeout(60_000);
    const docker = await engine();
    const stack = await startStack(tiny("clean"));
    const Image = stack.images[0]!.reference;
    await stack.stop();

    const left = { ...marks, [RUN_LABEL]: "00000000" };
    const container = (part: string, Labels: Record<string, string>) =>
      docker.createContainer({ name: name(part), Image, Cmd: ["sleep", "1000"], Labels });
    await docker.createNetwork({ Name: name("network"), Labels: left });
    await docker.createVolume({ Name: name("volume"), Labels: left });
    const [running] = await Promise.all([
      container("running", left),
      container("created", left),
      container("reaper", { ...marks, [REAPER_LABEL]: "00000000" }),
      container("foreign", marks),
      docker.createVolume({ Name: name("foreign-volume"), Labels: marks }),
    ]);
    await running.start();
    socket = await narrowSocketToEngine(mark);
    ended = await clean();
  });
  cleanUp("what it left is removed", async () => {
    socket.cut();
    await removeLabelled(mark);
  });

  it("removes what a run of ours has left, a reaper included, and nothing else", async () => {
    expect(ended.exitCode, ended.output).to.equal(0);
    expect(await labelled(mark)).to.have.members([`container /${name("foreign")}`, `volume ${name("foreign-volume")}`]);
  });

  it("says how much it has removed", () => {
    expect(ended.output).to.match(/\b3 containers\b.*\b1 network\b.*\b1 volume\b/);
  });

  it("says so when there is nothing to remove", async () => {
    const { exitCode, output } = await clean();
    expect({ exitCode, output: output.trim() }).to.deep.equal({
      exitCode: 0,
      output: "Nothing of stackspec is left on the engine.",
    });
  });
});

describe("the command that cleans up, on an engine that others use", function () {
  this.timeout(60_000);
  requireEngine();
  const mark = `dev.stackspec.spec=${randomBytes(4).toString("hex")}`;
  const [key, value] = mark.split("=") as [string, string];
  let socket: SocketToEngine;
  let volumes: { live: string; killed: string; elsewhere: string };
  let ended: Ended;

  beforeEach("it has met runs that are alive, dead and of another host", async () => {
    const docker = await engine();
    const volume = async (owner: string): Promise<string> => {
      const run = randomBytes(4).toString("hex");
      const Labels = { [key]: value, [RUN_LABEL]: run, [OWNER_LABEL]: owner };
      await docker.createVolume({ Name: `stackspec-clean-${run}`, Labels });
      return `volume stackspec-clean-${run}`;
    };
    volumes = {
      live: await volume(`${hostname()}/${process.pid}`),
      // No process has this id: Linux has at most 2^22 of them.
      killed: await volume(`${hostname()}/99999999`),
      elsewhere: await volume("another-host/1"),
    };
    socket = await narrowSocketToEngine(mark);
    ended = await cleanAt(socket);
  });
  afterEach("nothing is left", async () => {
    socket.cut();
    await removeLabelled(mark);
  });

  it("removes only the run whose process is gone", async () => {
    expect(await labelled(mark)).to.have.members([volumes.live, volumes.elsewhere]);
  });

  it("says how many runs are alive", () => {
    expect(ended.output).to.include("One run is alive and left alone.");
  });

  it("says how many runs are another host's, whose, and how to remove them all the same", () => {
    expect(ended.output).to.match(/One run of another host is left alone \(another-host\): .*--every-host/);
  });

  it("removes those of another host too with --every-host", async () => {
    await cleanAt(socket, ["--every-host"]);
    expect(await labelled(mark)).to.deep.equal([volumes.live]);
  });
});

describe("the command that cleans up, and a kept stack", function () {
  this.timeout(60_000);
  requireEngine();
  const HOME = mkdtempSync(join(tmpdir(), "stackspec-clean-"));
  let holder: Run;
  let label: string;
  let socket: SocketToEngine;

  before("a run uses one that another has started", async () => {
    const environment = {
      HOME,
      STACK_NAME: randomBytes(4).toString("hex"),
      STACKSPEC_KEEP: "1",
      STACKSPEC_SNAPSHOTS: "off",
    };
    // Its process, which is named as the owner, is gone.
    await startRun(["once.ts"], { environment }).ended;
    holder = startRun(["once.ts"], { environment: { ...environment, HOLD: "1" } });
    const { container } = JSON.parse((await holder.shown(/^told (.*)$/m))[1]!) as { container: string };
    const { Config } = await (await engine()).getContainer(container).inspect();
    label = `${STACK_LABEL}=${Config.Labels[STACK_LABEL]}`;
    socket = await narrowSocketToEngine(label);
  });
  cleanUp("it is gone", async () => {
    socket.cut();
    await removeLabelled(label);
    rmSync(HOME, { recursive: true });
  });

  it("leaves it alone while the run uses it, and removes it with what is noted of it once none does", async () => {
    const before = await labelled(label);
    const { output } = await cleanAt(socket, [], HOME);
    expect(output).to.include("One run is alive and left alone.");
    expect(await labelled(label)).to.have.members(before);

    holder.process.stdin!.write("go on\n");
    await holder.ended;
    await cleanAt(socket, [], HOME);
    expect(await labelled(label)).to.deep.equal([]);
    const noted = readdirSync(join(HOME, ".cache/stackspec/kept")).filter((file) => !file.endsWith(".lock"));
    expect(noted).to.deep.equal([]);
  });
});
