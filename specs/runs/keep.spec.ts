import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { startNode, startRun } from "../integration/child.ts";
import type { Child, Run } from "../integration/child.ts";
import { cleanUp, engine, labelled, removeLabelled } from "../integration/engine.ts";

/** What `integration/fixtures/once.ts` tells of its stack. */
interface Told {
  readonly id: string;
  readonly container: string;
  /** A secret of its environment, as the run shows it. */
  readonly told: string;
}

describe("a kept stack", function () {
  this.timeout(120_000);
  requireEngine();

  const name = randomUUID().slice(0, 8);
  /** What is noted of kept stacks is below this. */
  const HOME = mkdtempSync(join(tmpdir(), "stackspec-keep-"));
  let first: Told;

  const start = (environment: Record<string, string> = {}, file = "once.ts"): Run =>
    startRun([file], {
      environment: { HOME, STACK_NAME: name, STACKSPEC_KEEP: "1", STACKSPEC_SNAPSHOTS: "off", ...environment },
    });
  const told = async <T = Told>(child: Child): Promise<T> => JSON.parse((await child.shown(/^told (.*)$/m))[1]!) as T;

  async function run<T = Told>(environment?: Record<string, string>, file?: string): Promise<T> {
    const child = start(environment, file);
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
    return told<T>(child);
  }

  /** Keeps a stack with this marker, and finds the files with what is noted of it. */
  async function noted(marker: string): Promise<{ container: string; content: string; note: string }> {
    const { container } = await run({ MARKER: marker });
    const { Config } = await (await engine()).getContainer(container).inspect();
    const files = readdirSync(join(HOME, ".cache/stackspec/kept"), { recursive: false, withFileTypes: true });
    const its = files.filter((file) => file.name.startsWith(`${Config.Labels["dev.stackspec.stack"]}.`));
    const path = (ending: string): string => {
      const { parentPath, name: file } = its.find((each) => each.name.endsWith(ending))!;
      return join(parentPath, file);
    };
    return { container, content: path(".tar"), note: path(".json") };
  }

  /** The run labels of kept stacks of this spec: what belongs to them carries no run's. */
  async function owners(): Promise<string[]> {
    const docker = await engine();
    const networks = await docker.listNetworks({ filters: { label: ["dev.stackspec.run"] } });
    const kept = networks.filter(({ Name }) => Name.includes(`-${name}-kept-`));
    return kept.map(({ Labels }) => Labels!["dev.stackspec.run"]!);
  }

  before("a stack has been kept", async () => {
    first = await run();
  });
  cleanUp("all kept stacks are gone", async () => {
    for (const owner of await owners()) await removeLabelled(`dev.stackspec.run=${owner}`);
    rmSync(HOME, { recursive: true });
  });

  // Each has a network, of which an engine has about thirty.
  afterEach("no kept stack but the first is left", async () => {
    const docker = await engine();
    const container = await docker
      .getContainer(first.container)
      .inspect()
      .catch(() => undefined);
    const its = container?.Config.Labels["dev.stackspec.run"];
    for (const owner of await owners()) if (owner !== its) await removeLabelled(`dev.stackspec.run=${owner}`);
  });

  it("stays up when its run has ended", async () => {
    const [owner] = await owners();
    const left = await labelled(`dev.stackspec.run=${owner}`);
    expect(left.filter((thing) => thing.startsWith("container")).length).to.be.greaterThan(0);
  });

  it("is taken over by the next run", async () => {
    await expect(run()).to.eventually.have.property("container", first.container);
  });

  it("is taken over by a run that hides the secrets of its containers", async () => {
    const { container, told: shown } = await run();
    expect({ container, shown }).to.deep.equal({ container: first.container, shown: "***" });
  });

  it("is said to stay up at the end, with the address of each service", async () => {
    const { output } = await start().ended;
    const ports = (await (await engine()).getContainer(first.container).inspect()).NetworkSettings.Ports;
    const [said, web] = output.split("\n").filter((line) => /stays up|^ {2}web /.test(line));
    expect(said).to.equal(`The stack once-${name} stays up for the next run that keeps it; stackspec down removes it`);
    const { local, host } = await connectEngine();
    expect(web).to.equal(`  web  ${local ? "127.0.0.1" : host}:${ports["8000/tcp"]![0]!.HostPort} (8000)`);
  });

  it("is taken over by `stackspec start --keep`", async () => {
    const reports = await mkdtemp(join(tmpdir(), "stackspec-keep-"));
    const child = startNode(["src/cli/main.ts", "start", "--keep", "specs/integration/fixtures/once.ts"], {
      environment: {
        HOME,
        STACK_NAME: name,
        STACKSPEC_SNAPSHOTS: "off",
        JUNIT_REPORT_PATH: `${reports}/`,
        // Its target is there already, and nobody asks it anything.
        URL: "http://127.0.0.1:1/",
      },
    });
    const { exitCode, output } = await child.ended;
    await rm(reports, { recursive: true, force: true });
    expect(exitCode, output).to.equal(0);
    await expect(told(child)).to.eventually.have.property("container", first.container);
  });

  it("is not taken over when the declaration has changed", async () => {
    const { container } = await run({ MARKER: "changed" });
    expect(container).not.to.equal(first.container);
  });

  it("is not shared by two runs at once", async () => {
    const holder = start({ HOLD: "1" });
    const { container } = await told(holder);
    const other = await run();
    expect(other.container).not.to.equal(container);
    holder.process.stdin!.write("go on\n");
    const { exitCode, output } = await holder.ended;
    expect(exitCode, output).to.equal(0);
  });

  it("is left alone by a run that keeps nothing", async () => {
    const { container } = await run({ STACKSPEC_KEEP: "0" });
    expect(container).not.to.equal(first.container);
  });

  it("is taken over when the run that used it was killed", async () => {
    const holder = start({ HOLD: "1", MARKER: "killed" });
    const { container } = await told(holder);
    holder.process.kill("SIGKILL");
    await holder.ended;
    await expect(run({ MARKER: "killed" })).to.eventually.have.property("container", container);
  });

  it("is taken over by one of several runs that find its last one killed", async () => {
    const holder = start({ HOLD: "1", MARKER: "killed, then wanted" });
    const { container } = await told(holder);
    holder.process.kill("SIGKILL");
    await holder.ended;
    const runs = [1, 2, 3].map(() => start({ HOLD: "1", MARKER: "killed, then wanted" }));
    const containers = await Promise.all(runs.map(async (each) => (await told(each)).container));
    for (const each of runs) each.process.stdin!.write("go on\n");
    await Promise.all(runs.map((each) => each.ended));
    expect(containers.filter((each) => each === container)).to.have.lengthOf(1);
    expect(new Set(containers)).to.have.lengthOf(runs.length);
  });

  it("is started anew when the content of a volume was written only half", async () => {
    const { container, content } = await noted("half of a volume");
    truncateSync(content, 512);
    await expect(run({ MARKER: "half of a volume" })).not.to.eventually.have.property("container", container);
  });

  it("is started anew when what is noted of it was written only half", async () => {
    const { container, note } = await noted("half of a note");
    writeFileSync(note, '{"containers"');
    await expect(run({ MARKER: "half of a note" })).not.to.eventually.have.property("container", container);
  });

  it("is started anew when nothing says that all of it came up", async () => {
    const { container, note } = await noted("never up");
    rmSync(note);
    await expect(run({ MARKER: "never up" })).not.to.eventually.have.property("container", container);
  });

  it("is started anew as a whole when one container of several has gone", async () => {
    const pair = await run<{ one: string; two: string }>({}, "pair.ts");
    await (await engine()).getContainer(pair.two).remove({ force: true });
    const anew = await run<{ one: string; two: string }>({}, "pair.ts");
    expect(anew.one).not.to.equal(pair.one);
    await expect((await engine()).getContainer(pair.one).inspect()).to.be.rejected;
  });

  it("is started anew when a run has left it as no reset can bring it back", async () => {
    const { container } = await run({}, "large.ts");
    await expect(run({}, "large.ts")).not.to.eventually.have.property("container", container);
    await expect((await engine()).getContainer(container).inspect()).to.be.rejected;
  });

  it("is left alone when another host has it", async () => {
    const { container } = await run({ MARKER: "elsewhere" });
    const docker = await engine();
    const { Config } = await docker.getContainer(container).inspect();
    const id = Config.Labels["dev.stackspec.stack"]!;
    await removeLabelled(`dev.stackspec.run=${id}`);
    const { Image, Labels } = Config;
    const theirs = await docker.createContainer({
      Image,
      Labels: { ...Labels, "dev.stackspec.owner": "another-host/1" },
    });
    try {
      await run({ MARKER: "elsewhere" });
      expect(await labelled(`dev.stackspec.run=${id}`)).to.have.lengthOf(1);
      await theirs.inspect();
    } finally {
      await theirs.remove({ force: true });
    }
  });

  it("is started anew when a container of it has gone", async () => {
    const docker = await engine();
    const { container } = await run();
    await docker.getContainer(container).remove({ force: true });
    await expect(run()).not.to.eventually.have.property("container", container);
  });

  it("is started anew when a container of it has stopped", async () => {
    const { container } = await run({ MARKER: "stopped" });
    await (await engine()).getContainer(container).stop({ t: 0 });
    await expect(run({ MARKER: "stopped" })).not.to.eventually.have.property("container", container);
  });
});
