import { expect } from "chai";
import { makeProject } from "../unit/command-line.ts";
import type { Project } from "../unit/command-line.ts";
import { complaintsAbout, runFixtures } from "../unit/junit.ts";
import type { Run } from "../unit/junit.ts";

const runBusy = (way: string, told: string): Promise<Run> =>
  runFixtures(["busy"], { environment: { BUSY: way, TOLD: told } });

/** What the report says of each spec: why it failed, or nothing. */
const messages = ({ report }: Run): (string | undefined)[] =>
  report.testsuite.flatMap(({ testcase }) => testcase.map(({ error }) => error?.message));

const UNFINISHED = "the run ended before this spec had finished";

describe("a run whose spec keeps it busy", function () {
  // However busy this machine is.
  this.timeout(120_000);

  for (const [way, told, exitCode] of [
    ["loops", "SIGINT SIGINT", 130],
    ["promises", "SIGTERM SIGTERM", 143],
    ["ticks", "SIGHUP SIGHUP", 129],
    ["waits", "SIGTERM", 143],
  ] as const)
    it(`ends when it gets ${told} while one ${way} for ever, and reports what has ended`, async () => {
      const run = await runBusy(way, told);
      expect(run.ended, run.terminal).to.equal(exitCode);
      expect(run.terminal).to.include(`${told.split(" ")[0]}: what runs does not let the run end in good order`);
      expect(messages(run)).to.deep.equal([
        undefined,
        "the run ended before this spec, which was running, had finished",
        UNFINISHED,
      ]);
      expect(await complaintsAbout(run.xml)).to.deep.equal([]);
    });

  for (const [way, told] of [
    ["runs", "SIGINT SIGINT"],
    ["loops", "SIGKILL"],
  ] as const)
    it(`has reported what has ended when it can but be killed: by ${told} while one ${way}`, async () => {
      const run = await runBusy(way, told);
      expect(run.ended, run.terminal).to.equal("SIGKILL");
      expect(messages(run)).to.deep.equal([undefined, UNFINISHED, UNFINISHED]);
    });

  it("ends in good order when the spec has come to its end", async () => {
    const { ended, terminal } = await runBusy("calculates", "SIGTERM");
    expect(ended, terminal).to.equal(143);
    expect(terminal).to.include("SIGTERM: stopping and removing everything").and.not.to.include("it ends at once");
  });
});

describe("a suite whose spec keeps it busy", function () {
  this.timeout(120_000);
  let project: Project;
  beforeEach(() => {
    const loops = `it("passes", () => {});\nit("loops", () => { console.log("loops in this"); for (;;); });\n`;
    project = makeProject({ "specs/a/a.spec.js": loops });
  });
  afterEach(() => project.remove());

  it("ends when a terminal tells it twice", async () => {
    const running = project.start(["run", "a"]);
    await running.shown(/loops in this/);
    process.kill(-running.process.pid!, "SIGINT");
    process.kill(-running.process.pid!, "SIGINT");
    const { exitCode, output } = await running.ended;
    expect(exitCode, output).to.equal(130);
    expect(project.read("reports/a.xml")).to.include('tests="2" failures="0" errors="1"');
  });

  it("ends when the process that has started it is killed", async () => {
    const running = project.start(["test"]);
    await running.shown(/loops in this/);
    running.process.kill("SIGKILL");
    // Its output ends when the suite has ended that writes to it too.
    const { output } = await running.ended;
    expect(output).to.include("The process that started this one is gone");
    expect(project.read("reports/a.xml")).to.include('tests="2" failures="0" errors="1"');
  });
});
