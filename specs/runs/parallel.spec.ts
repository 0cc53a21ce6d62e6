import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startRun } from "../integration/child.ts";
import type { Ended, Run } from "../integration/child.ts";
import {
  GONE_WITHIN_MS,
  NODE,
  RUN_LABEL,
  STACK_LABEL,
  engine,
  labelled,
  leftAfter,
  referenceOf,
  serving,
} from "../integration/engine.ts";
import { makeProject } from "../unit/command-line.ts";
import type { Project } from "../unit/command-line.ts";

/** What `integration/fixtures/parallel/tells.ts` tells of itself. */
interface Told {
  readonly worker: string;
  readonly url: string;
  readonly run: string;
  /** The container of its database server. */
  readonly server: string;
  readonly database: string;
}

const FILES = ["one", "two", "three", "four"].map((name) => `parallel/${name}.ts`);
const JOBS = 2;

describe("acceptance specs in parallel workers", function () {
  this.timeout(120_000);
  requireEngine();
  const start = (): Run => {
    const options = { suite: "acceptance", environment: { STACK: "release" } };
    return startRun(FILES, options, ["--parallel", "--jobs", String(JOBS)]);
  };
  let ended: Ended;
  let told: Told[];
  let stacks: string[];
  before("they have run", async () => {
    stacks = await stacksMadeDuring(async () => {
      ended = await start().ended;
    });
    told = [...ended.output.matchAll(/^told (.*)$/gm)].map(([, text]) => JSON.parse(text!) as Told);
  });

  it("see nothing of what an earlier file has stored", () => {
    expect(ended.exitCode, ended.output).to.equal(0);
    expect(told).to.have.lengthOf(FILES.length);
  });

  it("have one stack for each worker, as long as it lives", () => {
    const urls = new Map(told.map(({ worker, url }) => [worker, url]));
    for (const { worker, url } of told) expect(url).to.equal(urls.get(worker));
    expect(new Set(urls.values())).to.have.lengthOf(urls.size);
    expect(urls).to.have.lengthOf(JOBS);
  });

  it("start a stack for each worker but the first, which has the one that the run started with", () => {
    const { run } = told[0]!;
    const ofWorkers = stacks.filter((name) => name.includes(run) && name.includes("-worker-"));
    expect(ofWorkers, stacks.join("\n")).to.have.lengthOf(JOBS - 1);
  });

  it("have one database server together, where the declaration shares it, and each a database of its own", () => {
    expect(new Set(told.map(({ server }) => server))).to.have.lengthOf(1);
    const databases = new Set(told.map(({ worker, database }) => `${worker} ${database}`));
    expect(databases).to.deep.equal(new Set(["0 todobackend", "1 todobackend__worker_1"]));
  });

  it("leave nothing when the run is killed", async () => {
    const run = start();
    const [, text] = await run.shown(/^told (.*)$/m);
    run.process.kill("SIGKILL");
    await run.ended;
    expect(await leftAfter(`${RUN_LABEL}=${(JSON.parse(text!) as Told).run}`, GONE_WITHIN_MS)).to.deep.equal([]);
  });

  it("leave nothing", async () => {
    expect(await labelled(`${RUN_LABEL}=${told[0]!.run}`)).to.deep.equal([]);
  });
});

describe("another project's stack, in parallel workers", function () {
  this.timeout(120_000);
  requireEngine();
  let project: Project;
  before("there is a project, and its factory alone names the container", async () => {
    const made = `new GenericContainer("${await referenceOf(NODE)}").withCommand(["node", "-e", ${JSON.stringify(serving('"hi"'))}])`;
    const files = {
      "specs/stacks/web.js": `
        import { defineStack } from "stackspec";
        import { GenericContainer } from "${import.meta.resolve("testcontainers")}";
        const web = () => ${made};
        export default defineStack("web", ({ service }) => ({ target: service("web", web, { http: { port: 8000 } }) }));`,
    };
    for (const [suite, used, api] of [
      ["acceptance", "useTarget()", "used"],
      ["shop", "useStack(web)", "used.target.http"],
      ["unit", "useStack(web)", "used.target.http"],
    ] as const)
      for (const name of ["a", "b", "c", "d"])
        Object.assign(files, {
          [`specs/${suite}/${name}.spec.js`]: `
            import { useStack, useTarget } from "stackspec";
            import web from "../stacks/web.js";
            describe("${name}", () => {
              const used = ${used};
              it("is answered", () => ${api}.get("/"));
            });`,
        });
    project = makeProject(files);
  });
  after("the project is gone", () => project?.remove());

  /** Runs a suite. @returns what it said, and its stacks of which containers were made meanwhile */
  const run = async (suite: string, jobs = JOBS): Promise<{ output: string; stacks: string[] }> => {
    const environment = {
      STACKSPEC_ENGINE: "",
      STACKSPEC_IMAGES: "auto",
      DOCKER_HOST: process.env["DOCKER_HOST"] ?? "",
    };
    let output = "";
    const stacks = await stacksMadeDuring(async () => {
      const ended = await project.run(["run", suite, "--parallel", "--jobs", String(jobs)], environment);
      expect(ended.exitCode, ended.output).to.equal(0);
      ({ output } = ended);
    });
    return { output, stacks: stacks.filter((name) => name.startsWith("stackspec-web-")) };
  };

  it("is one that the first worker has from the run", async () => {
    const { stacks } = await run("acceptance");
    expect(stacks.filter((name) => name.includes("-worker-0-"))).to.deep.equal([]);
    expect(stacks).to.have.lengthOf.within(1, JOBS);
  });

  it("is one for each worker's life, also in a suite of which nobody has said what it needs", async () => {
    const { stacks } = await run("shop");
    expect(stacks).to.have.lengthOf.within(1, JOBS);
  });

  it("is one where there is one job, which needs no worker", async () => {
    const { stacks } = await run("shop", 1);
    expect(stacks).to.have.lengthOf(1);
  });

  it("is one for each file of a suite that is said to need nothing, and each worker says so once", async () => {
    const { stacks, output } = await run("unit");
    expect(stacks).to.have.lengthOf(4);
    const said = output.match(/^web: in this parallel run each spec file starts its own — .* "engine" in /gm);
    expect(said, output).to.have.lengthOf.within(1, JOBS);
  });
});

/**
 * Does `work` and names the stacks of which containers were made on the engine meanwhile. It keeps only its last 256 events: they
 * are heard as they happen.
 */
async function stacksMadeDuring(work: () => Promise<unknown>): Promise<string[]> {
  const docker = await engine();
  const stream = (await docker.getEvents({ filters: { type: ["container"], event: ["create"] } })) as Readable;
  const names = new Set<string>();
  createInterface({ input: stream, crlfDelay: Infinity })
    .on("line", (line) => names.add((JSON.parse(line) as CreateEvent).Actor.Attributes[STACK_LABEL] ?? ""))
    .on("error", () => {}); // The stream's own, when it is destroyed.
  try {
    await work();
  } finally {
    stream.destroy();
  }
  return [...names];
}

interface CreateEvent {
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}
