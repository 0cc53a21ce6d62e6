import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readFailedSpecs } from "../../src/report/failed-specs.ts";
import type { FailedSpecs, SpecName } from "../../src/report/failed-specs.ts";

describe("the failed specs of a report", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "failed-specs-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What a report of this content says. */
  const read = (content: string): FailedSpecs => {
    const path = join(folder, "report");
    writeFileSync(path, content);
    return readFailedSpecs(path);
  };
  const spec = (title: string, suites: readonly string[] = ["a todo", "done"], file = "specs/unit/a.spec.ts") =>
    ({ file, suites, title }) satisfies SpecName;
  const xml = (...cases: readonly string[]): string =>
    `<?xml version="1.0"?><testsuites><testsuite name="x">${cases.join("")}</testsuite></testsuites>`;

  for (const [who, attributes] of [
    ["stackspec", 'name="has v1.0" classname="unit.a todo › done" file="specs/unit/a.spec.ts"'],
    ["mocha's xunit reporter", 'name="has v1.0" classname="a todo done" file="/builds/x/specs/unit/a.spec.ts"'],
    ["mocha-junit-reporter", 'name="a todo done has v1.0" classname="has v1.0"'],
    ["a CI system that puts something before it", 'name="has v1.0" classname="job 4.a todo.done"'],
    ["a repeated run", 'name="has v1.0 (2 of 3)" classname="unit.a todo › done"'],
  ])
    it(`are found in what ${who} writes`, () => {
      const failed = read(xml(`<testcase ${attributes}><failure message="no"/></testcase>`));
      expect([failed.has(spec("has v1.0")), failed.has(spec("has v2.0"))]).to.deep.equal([true, false]);
    });

  it("are those with a failure or an error, not those that passed, were skipped or are flaky", () => {
    const titles = ["failure", "error", "skipped", "flakyFailure", "system-out"];
    const failed = read(
      xml(...titles.map((each) => `<testcase name="${each}" classname="unit"><${each}/></testcase>`)),
    );
    expect(titles.filter((title) => failed.has(spec(title, [])))).to.deep.equal(["failure", "error"]);
  });

  it("are in their file only, as any machine has it", () => {
    const failed = read(
      xml('<testcase name="x" classname="unit" file="p\\specs\\unit\\a.spec.ts"><failure/></testcase>'),
    );
    const files = ["specs/unit/a.spec.ts", "specs/unit/b.spec.ts"];
    expect(files.map((file) => failed.has(spec("x", [], file)))).to.deep.equal([true, false]);
    expect(files.map((file) => failed.hasFile(file))).to.deep.equal([true, false]);
  });

  it("have the file of the suite that they stand in, where they have none", () => {
    const failed = read('<testsuite file="specs/unit/b.spec.ts"><testcase name="x"><failure/></testcase></testsuite>');
    expect(failed.hasFile("specs/unit/a.spec.ts")).to.equal(false);
  });

  it("are all below a suite of which a hook failed", () => {
    const name = "&quot;before all&quot; hook for &quot;x&quot;";
    const failed = read(xml(`<testcase name="${name}" classname="unit.a todo"><error/></testcase>`));
    expect([failed.has(spec("y")), failed.has(spec("y", ["another"]))]).to.deep.equal([true, false]);
  });

  it("are all of a run that came to none", () => {
    const failed = read(xml('<testcase name="the run reaches its first spec" classname="unit"><error/></testcase>'));
    expect(failed.has(spec("anything"))).to.equal(true);
  });

  it("are not what is wrong with the run itself", () => {
    expect(read(xml('<testcase name="the run ends well" classname="unit"><error/></testcase>')).count).to.equal(0);
  });

  it("are found in stored results, also those that had not ended", () => {
    const filePath = "specs/unit/a.spec.ts";
    const tests = ["failed", "other", "passed"].map((status) => ({
      name: status,
      suite: ["a todo"],
      status,
      filePath,
    }));
    const failed = read(JSON.stringify({ results: { tests } }));
    expect(tests.map(({ name }) => failed.has(spec(name, ["a todo"])))).to.deep.equal([true, true, false]);
  });

  for (const content of ["no XML at all", "<html></html>", "{}", "<testsuites"])
    it(`are refused in ${content}`, () => {
      expect(() => read(content)).to.throw();
    });

  it("are refused where there is no file", () => {
    expect(() => readFailedSpecs(join(folder, "none.xml"))).to.throw("ENOENT");
  });
});
