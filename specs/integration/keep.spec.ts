import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startNode, startRun } from "./child.ts";
import type { Child, Run } from "./child.ts";
import { cleanUp, engine, labelled, removeLabelled } from "./engine.ts";

/** What `fixtures/once.ts` tells of its stack. */
interface Told {
  readonly id: string;
  readonly container: string;
}

describe("a kept stack", function () {
  this.timeout(120_000);
  requireEngine();

  const name = randomUUID().slice(0, 8);
  let first: Told;

  const start = (environment: Record<string, string> = {}): Run =>
    startRun(["once.ts"], {
      environment: { STACK_NAME: name, STACKSPEC_KEEP: "1", STACKSPEC_SNAPSHOTS: "off", ...environment },
    });
  const told = async (child: Child): Promise<Told> => JSON.parse((await child.shown(/^told (.*)$/m))[1]!) as Told;

  async function run(environment?: Record<string, string>): Promise<Told> {
    const child = start(environment);
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
    return told(child);
  }

  /** The run labels of kept stacks of this spec: what belongs to them carries no run's. */
  async function owners(): Promise<string[]> {
    const docker = await engine();
    const networks = await docker.listNetworks({ filters: { label: ["dev.stackspec.run"] } });
    const kept = networks.filter(({ Name }) => Name.startsWith(`stackspec-once-${name}-kept-`));
    return kept.map(({ Labels }) => Labels!["dev.stackspec.run"]!);
  }

  before("a stack has been kept", async () => {
    first = await run();
  });
  cleanUp("all kept stacks are gone", async () => {
    for (const owner of await owners()) await removeLabelled(`dev.stackspec.run=${owner}`);
  });

  it("stays up when its run has ended", async () => {
    const [owner] = await owners();
    const left = await labelled(`dev.stackspec.run=${owner}`);
    expect(left.filter((thing) => thing.startsWith("container")).length).to.be.greaterThan(0);
  });

  it("is taken over by the next run", async () => {
    await expect(run()).to.eventually.have.property("container", first.container);
  });

  it("is taken over by `stackspec start --keep`", async () => {
    const reports = await mkdtemp(join(tmpdir(), "stackspec-keep-"));
    const child = startNode(["src/cli/main.ts", "start", "--keep", "specs/integration/fixtures/once.ts"], {
      environment: {
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

  it("is started anew when a container of it has gone", async () => {
    const docker = await engine();
    await docker.getContainer(first.container).remove({ force: true });
    const { container } = await run();
    expect(container).not.to.equal(first.container);
  });
});
