import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { runOf, startRun } from "../integration/child.ts";
import type { ChildOptions, Ended, Run } from "../integration/child.ts";
import { REAPER_LABEL, RUN_LABEL, labelled, leftAfter } from "../integration/engine.ts";
import { caseOf, countOf } from "../integration/report.ts";

/** When a killed run's things are gone is the engine's matter, and a busy machine's: this is the time after which they stay. */
const GONE_WITHIN_MS = 60_000;

/** What came of a run of `ends.ts`. */
interface Outcome extends Ended {
  readonly report: string;
  /** What was on the engine when its process had just ended. */
  readonly atOnce: readonly string[];
  /** What was there after the time in which everything has to be gone. */
  readonly atLast: readonly string[];
}

const run = (ends: string, { environment = {}, ...options }: ChildOptions = {}): Run =>
  startRun(["ends.ts"], { ...options, environment: { ...environment, ENDS: ends } });

async function outcomeOf(child: Run): Promise<Outcome> {
  const ended = await child.ended;
  const id = runOf(ended);
  const atOnce = (await Promise.all(labelsOf(id).map(labelled))).flat();
  return { ...ended, report: child.report(), atOnce, atLast: await leftOf(id) };
}

const labelsOf = (id: string): string[] => [`${RUN_LABEL}=${id}`, `${REAPER_LABEL}=${id}`];

/** What is left of a run when everything has to be gone, its reaper included. */
async function leftOf(id: string): Promise<string[]> {
  return (await Promise.all(labelsOf(id).map((label) => leftAfter(label, GONE_WITHIN_MS)))).flat();
}

async function outcomeOfSignal(signal: NodeJS.Signals): Promise<Outcome> {
  const child = run("waits");
  await child.shown(/under way/);
  // Only what is in the report by now can be there after a kill.
  while (caseOf(child.report(), "comes first").includes("Unfinished")) await sleep(50);
  child.process.kill(signal);
  return outcomeOf(child);
}

const FAILED = /<(failure|error)/;

describe("a run", () => {
  requireEngine();
  const outcomes = new Map<string, Promise<Outcome>>();
  before("runs have begun to end in all ways", () => {
    for (const way of ["well", "spec", "hook", "exit", "throw"]) outcomes.set(way, outcomeOf(run(way)));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)
      outcomes.set(signal, outcomeOfSignal(signal));
    for (const outcome of outcomes.values()) outcome.catch(() => {});
  });

  const ways: Record<string, { title: string; code: number | null; itself: boolean }> = {
    well: { title: "that succeeds", code: 0, itself: true },
    spec: { title: "with a spec that fails", code: 1, itself: true },
    hook: { title: "with a hook that fails", code: 1, itself: true },
    throw: { title: "with an exception that nobody catches", code: 1, itself: true },
    SIGINT: { title: "that is ended by Ctrl-C", code: 130, itself: true },
    SIGTERM: { title: "that is ended by SIGTERM", code: 143, itself: true },
    SIGHUP: { title: "whose terminal goes", code: 129, itself: true },
    exit: { title: "with a spec that calls process.exit", code: 3, itself: false },
    SIGKILL: { title: "that is killed", code: null, itself: false },
  };
  for (const [way, { title, code, itself }] of Object.entries(ways))
    describe(title, function () {
      this.timeout(180_000);
      let outcome: Outcome;
      before("it has ended", async () => {
        outcome = await outcomes.get(way)!;
      });

      it(code === null ? "has no exit code" : `exits with ${code}`, () => {
        expect(outcome.exitCode, outcome.output).to.equal(code);
      });

      if (itself)
        it("has removed everything when it has ended", () => {
          expect(outcome.atOnce).to.deep.equal([]);
        });

      it("leaves no container, network or volume, and no reaper", () => {
        expect(outcome.atLast).to.deep.equal([]);
      });
    });

  describe("that did not come to its end", function () {
    this.timeout(180_000);
    for (const way of ["SIGINT", "SIGTERM", "SIGKILL", "exit"]) {
      it(`reports the specs that it did not finish as errors: ${way}`, async () => {
        const { report } = await outcomes.get(way)!;
        for (const title of ["comes in the middle", "comes last"])
          expect(caseOf(report, title))
            .to.match(/<error/)
            .and.to.include("the run ended before");
        expect(countOf(report, "tests")).to.equal(3);
        expect(countOf(report, "errors")).to.equal(2);
      });

      it(`reports the spec that it finished as passed: ${way}`, async () => {
        const { report } = await outcomes.get(way)!;
        expect(caseOf(report, "comes first")).not.to.match(FAILED);
      });
    }

    it("reports the specs behind a failed hook, and the hook", async () => {
      const { report } = await outcomes.get("hook")!;
      for (const title of ["comes first", "comes in the middle", "comes last"])
        expect(caseOf(report, title)).to.match(FAILED);
      expect(report).to.include("a hook that fails");
    });

    it("leaves nothing that appears later: a creation that the engine was busy with", async () => {
      const runs = (await Promise.all(outcomes.values())).map(runOf);
      expect((await Promise.all(runs.map(leftOf))).flat()).to.deep.equal([]);
    });

    it("reports the exception that nobody caught", async () => {
      const { report } = await outcomes.get("throw")!;
      expect(report).to.include("thrown where nobody catches it");
    });
  });
});

describe("a run that is told twice to end", () => {
  requireEngine();
  it("ends at once, and what it leaves is removed behind it", async function () {
    this.timeout(180_000);
    const child = run("waits");
    await child.shown(/under way/);
    child.process.kill("SIGINT");
    await child.shown(/stopping and removing everything/);
    child.process.kill("SIGINT");
    const { exitCode, atLast } = await outcomeOf(child);
    expect(exitCode).to.equal(130);
    expect(atLast).to.deep.equal([]);
  });
});

describe("a run beside another that is killed", () => {
  requireEngine();
  it("passes, and ends with nothing left", async function () {
    this.timeout(180_000);
    const [survivor, victim] = [run("waits"), run("waits")];
    await Promise.all([survivor.shown(/under way/), victim.shown(/under way/)]);
    victim.process.kill("SIGKILL");
    const killed = await outcomeOf(victim);
    expect(killed.atLast).to.deep.equal([]);
    survivor.process.stdin!.write("go on\n");
    const { exitCode, output, atOnce } = await outcomeOf(survivor);
    expect(exitCode, output).to.equal(0);
    expect(atOnce).to.deep.equal([]);
  });
});
