import { expect } from "chai";
import { makeProject } from "../unit/command-line.ts";
import type { Ended, Project } from "../unit/command-line.ts";

/** Specs that say when they run; of five in a row, the second and the fourth fail. */
const specs = (name: string): string => `
let runs = 0;
const says = (title) => it(title, () => console.log("ran ${name} " + title));
describe("${name}", () => {
  beforeEach(() => console.log("before"));
  for (const title of ["one", "two", "three", "four", "five"]) says(title);
  describe("inner", () => { says("six"); says("seven"); });
  it("wavers", () => { runs += 1; if (runs % 2 === 0) throw new Error("this time"); });
});
`;
const FAILING = `
const fails = () => { if (process.env["MENDED"] !== "1") throw new Error("no"); };
describe("a", () => { it("passes", () => {}); it("fails", fails); });
describe("b", () => { before("set up", fails); it("is blocked", () => {}); it("is blocked too", () => {}); });
`;
const GREEN = `it("passes", () => {});\n`;
const FLAKY = `
let tries = 0;
it("fails first", function () { this.retries(1); tries += 1; if (tries === 1) throw new Error("the first time"); });
`;

/** The specs that have run, in their order. */
const ran = ({ output }: Ended): string[] => [...output.matchAll(/^ran (.*)$/gm)].map(([, title]) => title!);
const of = (name: string, titles: readonly string[]): string[] => titles.filter((title) => title.startsWith(name));

describe("specs in random order", function () {
  this.timeout(120_000);
  let project: Project;
  let serial: Ended;
  before("run them", async () => {
    project = makeProject({ "specs/unit/x.spec.js": specs("x"), "specs/unit/y.spec.js": specs("y") });
    serial = await project.run(["run", "unit", "--seed", "1"]);
  });
  after(() => project.remove());

  it("all run, in another order than they stand there", () => {
    expect(ran(serial)).to.have.lengthOf(14);
    expect(ran(serial)).not.to.deep.equal(ran(serial).toSorted());
    expect(of("x", ran(serial)).slice(0, 5)).not.to.deep.equal(["x one", "x two", "x three", "x four", "x five"]);
  });

  it("stay together by their files", () => {
    const files = ran(serial).map((title) => title[0]);
    expect(files.filter((file, index) => file !== files[index - 1])).to.have.lengthOf(2);
  });

  it("have the same order with the same seed, which stands in the environment too", async () => {
    const again = await project.run(["run", "unit"], { STACKSPEC_SEED: "1" });
    expect(ran(again)).to.deep.equal(ran(serial));
  });

  it("have the same order when only some of them run", async () => {
    const some = await project.run(["run", "unit", "--seed", "1", "--grep", "one|three|five|seven"]);
    expect(ran(some)).to.deep.equal(ran(serial).filter((title) => /one|three|five|seven/.test(title)));
  });

  it("have the same order within each file in parallel workers", async () => {
    const parallel = ran(await project.run(["run", "unit", "--seed", "1", "--parallel", "--jobs", "2"]));
    for (const name of ["x", "y"]) expect(of(name, parallel)).to.deep.equal(of(name, ran(serial)));
  });

  it("have a seed that is said before the first of them, and with each that fails", async () => {
    const { output } = await project.run(["run", "unit", "--order", "random", "--repeat-each", "2"]);
    const [first, ...others] = [...output.matchAll(/^ *In random order, which --seed (\d+) repeats$/gm)];
    expect(output.indexOf("ran ")).to.be.above(first!.index);
    expect(others.map(([, seed]) => seed)).to.deep.equal([first![1], first![1]]);
    expect(project.read("reports/unit.xml")).to.include(
      `<system-out>In random order, which --seed ${first![1]} repeats`,
    );
  });
});

describe("specs that are repeated", function () {
  this.timeout(120_000);
  let project: Project;
  before(() => (project = makeProject({ "specs/unit/x.spec.js": specs("x"), "specs/unit/y.spec.js": GREEN })));
  after(() => project.remove());

  for (const words of [[], ["--parallel", "--jobs", "2"]])
    describe(`by ${["--repeat-each 5", ...words].join(" ")}`, () => {
      let ended: Ended;
      before(async () => {
        ended = await project.run(["run", "unit", "--repeat-each", "5", "--grep", "one$|wavers|passes", ...words]);
      });

      it("run so often, each with its hooks", () => {
        expect(ran(ended)).to.deep.equal(Array.from({ length: 5 }, () => "x one"));
        expect(ended.output.match(/^before$/gm)).to.have.lengthOf(10);
      });

      it("have a case each in the report", () => {
        const xml = project.read("reports/unit.xml");
        expect([1, 2, 3, 4, 5].filter((time) => xml.includes(`name="passes (${time} of 5)"`))).to.have.lengthOf(5);
      });

      it("are counted where they waver", () => {
        expect(ended.exitCode).to.equal(1);
        expect(ended.output).to.include("  1 wavering\n    x › wavers: failed 2 of 5 times\n");
      });
    });
});

describe("specs that failed", function () {
  this.timeout(120_000);
  const MENDED = { MENDED: "1" };
  const suites = { "specs/unit/x.spec.js": FAILING, "specs/unit/y.spec.js": `console.log("loaded y"); ${GREEN}` };
  let project: Project;
  let story: Record<"chosen" | "parallel" | "aborted" | "mended" | "none" | "well" | "all", Ended>;
  before("run them again and again", async () => {
    project = makeProject({ ...suites, "specs/other/z.spec.js": GREEN });
    const again = (environment = {}, ...words: readonly string[]) =>
      project.run(["run", "unit", "--last-failed", ...words], environment);
    await project.run(["run", "unit"]);
    story = {
      chosen: await again(),
      parallel: await again({}, "--parallel", "--jobs", "2"),
      aborted: await again({}, "--require", "./none.js"),
      mended: await again(MENDED),
      none: await again(),
      well: await again({}, "--pass-with-no-specs"),
      all: await project.run(["test", "--last-failed"]),
    };
  });
  after(() => project.remove());
  const count = ({ output }: Ended, word: string): number =>
    Number(new RegExp(`(\\d+) ${word}`).exec(output)?.[1] ?? 0);

  it("run alone, with what a failed hook kept from running", () => {
    expect([count(story.chosen, "passing"), project.read("reports/unit.xml")]).to.have.property("0", 0);
    expect(story.chosen.output)
      .to.include("1) fails")
      .and.include('"before all" hook: set up')
      .and.not.include("✔ passes");
  });

  it("run without the files that have none of them", () => {
    expect(story.chosen.output).not.to.include("loaded y");
  });

  it("run alone in parallel workers too", () => {
    expect(story.parallel.output).to.include("1) fails").and.not.include("✔ passes");
  });

  it("are still known after a run that came to no spec", () => {
    expect(story.aborted.exitCode).not.to.equal(0);
    expect([story.mended.exitCode, count(story.mended, "passing")]).to.deep.equal([0, 3]);
  });

  it("are refused when there are none", () => {
    expect(story.none.exitCode).to.equal(2);
    expect(story.none.errors).to.match(
      /^USAGE: specs: expected one that failed in reports\/.*unit\.ctrf\.json, got none — --pass-with-no-specs takes that for a pass\n/,
    );
  });

  it("are refused of what is no report", async () => {
    const { exitCode, errors } = await project.run(["run", "unit", "--last-failed=package.json"]);
    const refusal =
      'USAGE: --last-failed: expected a JUnit report or stored results, got "package.json": it has no tests\n';
    expect([exitCode, errors]).to.deep.equal([2, refusal]);
  });

  it("may be none with --pass-with-no-specs", () => {
    expect([story.well.exitCode, story.well.output]).to.satisfy(
      ([code, output]: [number, string]) => code === 0 && output.includes("No spec ran"),
    );
  });

  it("are all specs of a suite that has no results yet", () => {
    expect(story.all.output).to.match(/1 passed, 0 failed\n$/);
  });
});

describe("specs that pass when they are tried again", function () {
  this.timeout(120_000);
  let project: Project;
  before(() => (project = makeProject({ "specs/unit/x.spec.js": FLAKY, "stackspec.config.js": "export default {}" })));
  after(() => project.remove());

  for (const words of [[], ["--parallel", "--jobs", "2"]])
    it(`are told from those that passed at once: ${words.join(" ") || "in one process"}`, async () => {
      const { exitCode, output } = await project.run(["run", "unit", ...words]);
      expect(exitCode).to.equal(0);
      expect(output).to.include("✔ fails first (passed at try 2)");
      expect(output).to.include("  1 flaky\n    fails first: passed at try 2\n      the first time\n");
    });

  it("are counted in the last line of all suites", async () => {
    await expect(project.run(["test"]))
      .to.eventually.have.property("output")
      .that.matches(/\n1 passed, 0 failed, 1 flaky\n$/);
  });

  it("fail the run with --fail-on-flaky, and its report", async () => {
    const { exitCode, errors } = await project.run(["run", "unit", "--fail-on-flaky"]);
    expect([exitCode, errors]).to.deep.equal([1, "expected no flaky spec, got 1: fails first\n"]);
    expect(project.read("reports/unit.xml")).to.include('<error message="expected no flaky spec, got 1: fails first"');
  });
});
