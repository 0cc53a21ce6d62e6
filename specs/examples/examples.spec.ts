import { expect } from "chai";
import { requireEngine } from "stackspec";
import { cleanUp } from "../integration/engine.ts";
import { installExample } from "./example.ts";
import type { Ended, Example } from "./example.ts";

/** A first run makes a Debian and installs packages in it. */
const RUN_WITHIN_MS = 900_000;

interface Case {
  readonly name: string;
  /** What all of its specs run with. */
  readonly profiles: string;
  readonly specs: number;
}

const CASES: readonly Case[] = [
  { name: "page-tracker", profiles: "testing", specs: 4 },
  { name: "stock", profiles: "inside", specs: 10 },
  { name: "web-postgres-redis", profiles: "", specs: 4 },
];

for (const { name, profiles, specs } of CASES)
  describe(`the example ${name}`, function () {
    this.timeout(RUN_WITHIN_MS);
    requireEngine();
    let example: Example;
    let ended: Ended;
    let totals: Awaited<ReturnType<Example["keepReports"]>>;
    before("it is installed and its `npm test` has ended", async () => {
      example = await installExample(name);
      ended = await example.npm(["test"], { STACKSPEC_PROFILES: profiles });
      totals = await example.keepReports(name);
    });
    cleanUp("it is gone", () => example.remove());

    it("passes `npm test` with the packed package", () => {
      expect(ended.exitCode, ended.output).to.equal(0);
    });

    it(`reports ${specs} specs, all of them passed`, () => {
      expect(totals, ended.output).to.deep.equal({ passed: specs, failed: 0, skipped: 0, flaky: 0 });
    });

    describe("with the newest mocha and the oldest Node", () => {
      before("they are installed, and `npm test` has ended again", async () => {
        await example.install("mocha@12", "node@22.22");
        ended = await example.npm(["test"], { STACKSPEC_PROFILES: profiles });
        totals = await example.keepReports(`${name}-mocha-12`);
      });

      it("is run by them", async () => {
        const { output } = await example.npm(["exec", "--", "node", "--version"]);
        expect(output).to.match(/^v22\.22\./m);
      });

      it(`passes its ${specs} specs too`, () => {
        expect(totals, ended.output).to.deep.equal({ passed: specs, failed: 0, skipped: 0, flaky: 0 });
      });

      it("says nothing of parts of Node that may change", () => {
        expect(ended.output).not.to.include("ExperimentalWarning");
      });
    });
  });
