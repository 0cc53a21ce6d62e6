import { randomUUID } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { thisProcess } from "../../src/engine/docker/labels.ts";
import { startRun } from "../integration/child.ts";
import { cleanUp, engine } from "../integration/engine.ts";
import { makeProject } from "../unit/command-line.ts";
import type { Ended, Project } from "../unit/command-line.ts";

describe("two runs of the same stack at the same time", () => {
  requireEngine();
  /** Their logs are in the project's folder, where other runs write too. */
  const name = `two-runs-${randomUUID()}`;
  const folders = (): string[] => globSync(`reports/logs/${name}*`).toSorted();
  cleanUp("their logs are gone", async () => {
    for (const folder of folders()) await rm(folder, { recursive: true });
  });

  it("have their logs apart", async function () {
    this.timeout(180_000);
    const begin = async (says: string) => {
      const run = startRun(["logs.ts"], { environment: { NAME: name, SAYS: says, STACKSPEC_SNAPSHOTS: "off" } });
      await run.shown(/under way/);
      return run;
    };
    for (const run of [await begin("first"), await begin("second")]) {
      run.process.stdin!.write("go on\n");
      const { exitCode, output } = await run.ended;
      expect(exitCode, output).to.equal(0);
    }
    const [first, second, ...others] = folders();
    expect([first, others]).to.deep.equal([`reports/logs/${name}`, []]);
    expect(second).to.match(/-[0-9a-f]{8}$/);
    expect([first, second].map((folder) => readFileSync(`${folder}/web.log`, "utf8"))).to.deep.equal([
      "first\nup\n",
      "second\nup\n",
    ]);
  });
});

describe("eight cold runs in one checkout at the same time", function () {
  requireEngine();
  this.timeout(300_000);
  const name = `eight-${randomUUID()}`;
  /** What an image is made of is written bit by bit, and gone in between. */
  const make = `import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    appendFileSync("made.log", "made\\n");
    rmSync("image/dist", { recursive: true, force: true });
    await sleep(200);
    mkdirSync("image/dist");
    writeFileSync("image/dist/server.js", "broken(");
    await sleep(200);
    writeFileSync("image/dist/server.js", 'require("node:http").createServer((_, response) => response.end("up")).listen(8000)');\n`;
  const stack = `import { answers, defineStack, imageFrom } from "stackspec";
    import { GenericContainer } from "testcontainers";
    const image = imageFrom("${name}", "image", { artefact: ["node", "make.js"] });
    export default defineStack("web", (stack) => ({
      target: stack.service("web", ({ image }) => new GenericContainer(image), { image, http: { port: 8000 }, ready: answers("/") }),
    }));\n`;
  const spec = `import { useTarget } from "stackspec";
    describe("web", () => {
      const api = useTarget();
      it("answers", async () => { await api.get("/"); });
    });\n`;
  let project: Project;
  let ended: readonly Ended[];

  before("run them", async () => {
    project = makeProject({
      "make.js": make,
      "image/Dockerfile": `ARG BASE=node:24-slim\nFROM \${BASE}\nCOPY dist /dist\nCMD ["node", "/dist/server.js"]\n`,
      "specs/stacks/web.js": stack,
      "specs/acceptance/web.spec.js": spec,
    });
    const modules = join(import.meta.dirname, "../../node_modules");
    symlinkSync(join(modules, "testcontainers"), project.path("node_modules/testcontainers"));
    const environment = { STACKSPEC_ENGINE: "auto", STACKSPEC_IMAGES: "auto", STACKSPEC_SNAPSHOTS: "off" };
    const { DOCKER_HOST = "" } = process.env;
    const run = (_: unknown, number: number) =>
      project.run(["start"], { ...environment, DOCKER_HOST, JUNIT_REPORT_PATH: `out-${number}/` });
    ended = await Promise.all(Array.from({ length: 8 }, run));
  });
  cleanUp("the project and its image are gone", async () => {
    project.remove();
    const docker = await engine();
    const filters = { reference: [`localhost/stackspec/${name}`] };
    for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
  });

  it("pass", () => {
    for (const { exitCode, output } of ended) expect(exitCode, output).to.equal(0);
  });

  it("build their image once", () => {
    expect(project.read("made.log")).to.equal("made\n");
  });

  it("have a report each, and logs apart", () => {
    const reports = ended.map((_, number) => project.read(`out-${number}/acceptance.xml`));
    for (const report of reports) expect(report).to.include('tests="1" failures="0" errors="0"');
    expect(globSync("reports/logs/*/web.log", { cwd: project.folder })).to.have.length(ended.length);
  });
});

describe("a run beside others that hold the machine's memory", function () {
  requireEngine();
  this.timeout(120_000);
  const name = `memory-${randomUUID()}`;
  let home = "";
  const holder = (): string => join(home, ".cache/stackspec/memory/other.holder");
  beforeEach("another run holds more than there is", () => {
    home = mkdtempSync(join(tmpdir(), "memory-"));
    mkdirSync(join(home, ".cache/stackspec/memory"), { recursive: true });
    const bytes = 2 ** 50;
    const held = { run: "other", owner: thisProcess(), heldBytes: bytes, startingBytes: bytes };
    writeFileSync(holder(), JSON.stringify(held));
  });
  afterEach("its notes are gone", () => rmSync(home, { recursive: true }));

  cleanUp("its logs are gone", () => rm(`reports/logs/${name}`, { recursive: true, force: true }));

  /** A run of one service, whose spec ends at once. */
  const start = (environment: Readonly<Record<string, string>> = {}) => {
    const told = { HOME: home, NAME: name, SAYS: "up", STACKSPEC_SNAPSHOTS: "off" };
    const run = startRun(["logs.ts"], { environment: { ...told, ...environment } });
    run.process.stdin!.write("go on\n");
    return run;
  };

  it("waits, says for whom, and goes on when they have ended", async () => {
    const run = start();
    const [line] = await run.shown(/\S+ waits for memory: .*/);
    expect(line).to.match(/another run holds 1048576\.0 GiB, \d+\.\d GiB are free, and it takes 0\.3 GiB$/);
    rmSync(holder());
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).to.equal(0);
    expect(output).not.to.include("waits no longer");
  });

  it("waits no longer than the setting says", async () => {
    const { exitCode, output } = await start({ STACKSPEC_MEMORY_WAIT_MS: "1" }).ended;
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/waits no longer for memory: another run holds/);
  });

  it("does not wait for one that was killed", async () => {
    writeFileSync(
      holder(),
      JSON.stringify({
        run: "other",
        owner: thisProcess().replace(/\d+$/, "4194303"),
        heldBytes: 2 ** 50,
        startingBytes: 2 ** 50,
      }),
    );
    const { exitCode, output } = await start().ended;
    expect(exitCode, output).to.equal(0);
    expect(output).not.to.include("waits for memory");
  });
});
