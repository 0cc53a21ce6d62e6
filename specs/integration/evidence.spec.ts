import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { startRun } from "./child.ts";
import type { Ended } from "./child.ts";
import type { Ctrf, CtrfTest } from "../../src/report/ctrf.ts";
import { NODE, RUN_LABEL, cleanUp, labelled } from "./engine.ts";
import { caseOf, countOf } from "./report.ts";

describe("a spec that fails on an answer over HTTP", () => {
  requireEngine();
  const secrets = { OUR_SECRET: randomUUID(), WHAT_THE_CONTAINER_KNOWS: randomUUID() };
  /** Its logs are in the project's folder, where other runs write too. */
  const name = `evidence-${randomUUID()}`;
  const logs = join("reports/logs", name);
  let ended: Ended;
  let report: string;
  let results: Ctrf["results"];
  let log: string;
  before("it has failed", async function () {
    this.timeout(180_000);
    const run = startRun(["evidence.ts"], { environment: { ...secrets, NAME: name } });
    ended = await run.ended;
    report = run.report();
    ({ results } = run.results());
    log = await readFile(join(logs, "web.log"), "utf8");
  });
  cleanUp("its logs are gone", () => rm(logs, { recursive: true }));
  const terminal = (): string => ended.output.slice(ended.output.indexOf("1 failing"));

  for (const [where, text] of [
    ["on the terminal", terminal],
    ["in the report", () => caseOf(report, "fails")],
  ] as const) {
    it(`shows each request ${where}, with its headers and body`, () => {
      expect(text()).to.match(
        /→ POST http:\/\/localhost:\d+\/tea\n +Content-Type: application\/json\n(.*\n)* +\{"sugar":2\}\n/i,
      );
      expect(text()).to.match(/→ GET http:\/\/localhost:\d+\/coffee\n/);
    });

    it(`shows each answer ${where}, with its headers and body`, () => {
      expect(text()).to.match(
        /← 418\n( +\S+: .*\n)* +x-kind: teapot\n( +\S+: .*\n)* *\n +my token is \*\*\* \(\d+ ms\)/,
      );
    });

    it(`shows what each service wrote meanwhile ${where}, and nothing from before`, () => {
      expect(text())
        .to.include("web wrote:")
        .and.to.include("asked for POST /tea")
        .and.to.include("asked for GET /coffee");
      expect(text()).not.to.include("asked for GET /earlier").and.not.to.include("before any spec");
      expect(text()).not.to.include("quiet wrote");
    });
  }

  const failed = (): CtrfTest => results.tests.find((test) => test.name === "fails")!;

  it("stores each exchange as data", () => {
    const [tea, coffee] = failed().extra!.exchanges!;
    expect(tea).to.include({ method: "POST", body: '{"sugar":2}' });
    expect(tea!.headers).to.include({ Authorization: "***" });
    expect(coffee!.answer).to.deep.include({ status: 418, body: "my token is ***" });
    expect(coffee!.atMs).to.be.within(failed().start!, failed().stop!);
  });

  it("stores what each service wrote meanwhile, with its time", () => {
    const [web] = failed().extra!.logs!;
    expect(web!.lines.join("\n"))
      .to.match(/^asked for POST \/tea with/)
      .and.include("asked for GET /coffee");
    expect(web!.atMs).to.have.lengthOf(web!.lines.length);
  });

  it("stores when each service began and was ready", () => {
    const web = results.extra.timeline.nodes.find((node) => node.name === "web")!;
    expect(web.states.map(({ state }) => state)).to.include.ordered.members(["starting", "ready"]);
  });

  it("stores the images that it ran, with their digests", () => {
    const { images } = results.extra.timeline;
    expect(images.find((image) => image.name === NODE)?.digest).to.match(/^sha256:/);
  });

  it("stores the lines of each log, also from before the specs, and where all of them are", () => {
    const web = results.extra.timeline.logs.find(({ service }) => service === "web")!;
    expect(web.lines[0]![1]).to.equal("before any spec, with *** and ***");
    expect(web.file).to.equal(join(logs, "web.log"));
  });

  it("shows none of this for a spec that passes", () => {
    expect(caseOf(report, "passes")).not.to.match(/→|wrote:/);
  });

  it("attaches the whole log of each service", () => {
    expect(caseOf(report, "fails")).to.match(new RegExp(`^\\[\\[ATTACHMENT\\|${logs}/web\\.log\\]\\](<|$)`, "m"));
    expect(log)
      .to.include("before any spec")
      .and.to.include("asked for GET /earlier")
      .and.to.include("asked for GET /coffee");
  });

  for (const [whose, variable] of [
    ["of this process's environment", "OUR_SECRET"],
    ["of a container's environment", "WHAT_THE_CONTAINER_KNOWS"],
  ] as const)
    it(`shows a secret ${whose} nowhere: not on the terminal, in the report, its data or a log`, () => {
      for (const text of [ended.output, report, JSON.stringify(results), log])
        expect(text).not.to.include(secrets[variable]);
      expect(log).to.include("asked for GET /coffee with *** and ***");
    });

  it("hides the header that authorises", () => {
    expect(caseOf(report, "fails")).to.match(/Authorization: \*\*\*/i);
  });
});

describe("a run of several spec files at once", () => {
  requireEngine();
  let ended: Ended;
  let report: string;
  before("it has ended", async function () {
    this.timeout(180_000);
    const run = startRun(["parallel-one.ts", "parallel-two.ts"], {}, ["--parallel", "--jobs", "2"]);
    ended = await run.ended;
    report = run.report();
  });

  it("has one report, with the totals of all files", () => {
    expect(ended.exitCode, ended.output).to.equal(1);
    expect({
      tests: countOf(report, "tests"),
      failures: countOf(report, "failures"),
      errors: countOf(report, "errors"),
    }).to.deep.equal({
      tests: 6,
      failures: 2,
      errors: 0,
    });
  });

  it("has each spec of each file in it, under its suite", () => {
    expect(caseOf(report, "is skipped here"))
      .to.include("<skipped")
      .and.to.include('classname="integration.the one file"');
    expect(caseOf(report, "passes further in")).to.include('classname="integration.the other file › further in"');
    for (const title of ["passes here", "passes there", "passes further in"])
      expect(caseOf(report, title)).not.to.match(/<(failure|error)/);
  });

  it("shows with each failure what its own requests were", () => {
    expect(caseOf(report, "fails here"))
      .to.match(/→ GET \S+\/one\n/)
      .and.not.to.match(/→ GET \S+\/two\n/);
    expect(caseOf(report, "fails there"))
      .to.match(/→ GET \S+\/two\n/)
      .and.not.to.match(/→ GET \S+\/one\n/);
  });

  it("leaves nothing of either file on the engine", async () => {
    const runs = [...ended.output.matchAll(/^run ([0-9a-f]{8})$/gm)].map(([, id]) => id!);
    expect(runs).to.have.lengthOf(2);
    expect((await Promise.all(runs.map((id) => labelled(`${RUN_LABEL}=${id}`)))).flat()).to.deep.equal([]);
  });
});
