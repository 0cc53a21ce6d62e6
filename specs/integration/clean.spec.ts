import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { requireEngine, startStack } from "stackspec";
import { startNode } from "./child.ts";
import type { Ended } from "./child.ts";
import { cleanUp, RUN_LABEL, REAPER_LABEL, engine, labelled, removeLabelled } from "./engine.ts";
import { tiny } from "./fixtures/tiny.ts";
import { narrowSocketToEngine } from "./socket.ts";
import type { SocketToEngine } from "./socket.ts";

describe("the command that cleans up", () => {
  requireEngine();
  // Others may have their runs on this engine now: the command is shown only what is marked.
  const mark = `dev.stackspec.spec=${randomBytes(4).toString("hex")}`;
  const marks = { [mark.split("=")[0]!]: mark.split("=")[1]! };
  const name = (part: string): string => `stackspec-clean-${mark.split("=")[1]}-${part}`;
  let socket: SocketToEngine;
  const clean = (): Promise<Ended> =>
    startNode(["src/cli/main.ts", "clean"], { environment: { DOCKER_HOST: socket.address } }).ended;
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
