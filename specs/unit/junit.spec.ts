import { expect } from "chai";
import { abortedReport, junitXml } from "../../src/report/junit.ts";
import type { CaseResult, Outcome } from "../../src/report/junit.ts";
import { complaintsAbout, parseReport } from "./junit.ts";
import type { TestCase } from "./junit.ts";

const failure = { _attr: { message: "as it should", type: "Error" }, _cdata: "as it should, at length" };

const caseWith = (changed: Partial<CaseResult>): CaseResult => ({
  name: "answers 201",
  classname: "acceptance.create",
  file: "specs/acceptance/create.spec.ts",
  timeMs: 12.3456,
  outcome: "passed",
  failure: undefined,
  tries: [],
  output: "",
  ...changed,
});

/** A report of one suite with these cases. */
const reportOf = (...cases: CaseResult[]): string =>
  junitXml({
    name: "acceptance",
    timeMs: 1_500,
    suites: [
      { name: "create", file: cases[0]?.file, startedAt: new Date("2026-01-02T03:04:05.678Z"), timeMs: 1_234, cases },
    ],
    properties: { "image.mysql:9.7": "mysql:9.7 sha256:00 (registry)" },
  });

/** A case as a CI system reads it. */
const read = (changed: Partial<CaseResult>): TestCase =>
  parseReport(reportOf(caseWith(changed))).testsuite[0]!.testcase[0]!;

describe("a report in JUnit XML", () => {
  const all = (): string =>
    reportOf(
      caseWith({}),
      caseWith({ outcome: "failed", failure, tries: [failure] }),
      caseWith({ outcome: "error", failure, output: "→ GET /todos\n[[ATTACHMENT|reports/logs/db.log]]" }),
      caseWith({ outcome: "skipped" }),
      caseWith({ outcome: "unfinished" }),
      caseWith({ tries: [failure, failure] }),
    );

  it("is valid by the schema of Jenkins", async () => {
    expect(await complaintsAbout(all())).to.deep.equal([]);
  });

  it("begins with its declaration, and has an element on each line, indented by its depth", () => {
    expect(all()).to.match(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites [^>]*>\n  <testsuite [^>]*>\n    <properties>/,
    );
  });

  it("is valid without any suites", async () => {
    expect(await complaintsAbout(junitXml({ name: "empty", timeMs: 0, suites: [], properties: {} }))).to.deep.equal([]);
  });

  it("has the counts of its cases", () => {
    expect(parseReport(all())).to.include({ tests: "6", failures: "1", errors: "2" });
  });

  it("has the counts of each suite", () => {
    expect(parseReport(all()).testsuite[0]).to.include({ tests: "6", failures: "1", errors: "2", skipped: "1" });
  });

  it("has the time of the run and of each suite in seconds", () => {
    const { time, testsuite } = parseReport(all());
    expect([time, testsuite[0]?.time]).to.deep.equal(["1.500", "1.234"]);
  });

  it("says when a suite began, in UTC and without fractions", () => {
    expect(parseReport(all()).testsuite[0]).to.have.property("timestamp", "2026-01-02T03:04:05");
  });

  it("has the properties of the run in each suite", () => {
    expect(parseReport(all()).testsuite[0]?.properties.property).to.deep.equal([
      { name: "image.mysql:9.7", value: "mysql:9.7 sha256:00 (registry)" },
    ]);
  });

  it("groups a case by its class name", () => {
    expect(read({})).to.include({ name: "answers 201", classname: "acceptance.create", time: "0.012" });
  });

  it("says which file a case is in", () => {
    expect(read({})).to.have.property("file", "specs/acceptance/create.spec.ts");
  });

  it("does not say it when that is not known", () => {
    expect(read({ file: undefined })).not.to.have.property("file");
  });

  it("says which file a suite is in", () => {
    expect(parseReport(all()).testsuite[0]).to.have.property("file", "specs/acceptance/create.spec.ts");
  });

  it("does not say that when it is not known either", () => {
    expect(parseReport(reportOf(caseWith({ file: undefined }))).testsuite[0]).not.to.have.property("file");
  });

  for (const [outcome, element] of Object.entries({
    passed: undefined,
    failed: "failure",
    error: "error",
    skipped: "skipped",
    running: "error",
    unfinished: "error",
  } satisfies Record<Outcome, string | undefined>))
    it(`says of a case that is ${outcome}: ${element ?? "nothing"}`, () => {
      const elements = Object.keys(read({ outcome: outcome as Outcome, failure }));
      expect(elements.filter((name) => ["failure", "error", "skipped"].includes(name))).to.deep.equal(
        element === undefined ? [] : [element],
      );
    });

  it("has message, type and text of a failure", () => {
    expect(read({ outcome: "failed", failure }).failure).to.deep.equal({
      message: "as it should",
      type: "Error",
      "#text": "as it should, at length",
    });
  });

  it("says why a case did not finish", () => {
    expect(read({ outcome: "unfinished" }).error).to.deep.equal({
      message: "the run ended before this spec had finished",
      type: "Unfinished",
    });
  });

  it("shows the tries of a case that passed at last", () => {
    expect(read({ tries: [failure, failure] }).flakyFailure).to.have.length(2);
  });

  it("shows the tries of a case that failed at last", () => {
    expect(read({ outcome: "failed", failure, tries: [failure] }).rerunFailure).to.have.length(1);
  });

  it("shows what a case put out", () => {
    expect(read({ output: "→ GET /todos" })).to.have.property("system-out", "→ GET /todos");
  });

  it("has no place for output when there was none", () => {
    expect(read({ output: "" })).not.to.have.property("system-out");
  });

  for (const [name, text] of Object.entries({
    "a control character": "a\u0000b",
    "a colour": "\u001b[31mred\u001b[39m",
    "half an emoji": "a\uD83Db",
    "the end of a CDATA section": "a]]>b",
    markup: "<testcase name=\"x\"/> & 'more'",
    "an emoji": "🐕",
  }))
    it(`is valid with ${name} in every text`, async () => {
      const told = { _attr: { message: "as it should", type: "Error" }, _cdata: "as it should" };
      const xml = reportOf(
        caseWith({ name: text, classname: text, output: text, outcome: "failed", failure: told, tries: [told] }),
      );
      expect(await complaintsAbout(xml)).to.deep.equal([]);
    });
});

describe("the report of a run that did not reach its specs", () => {
  const why = 'USAGE: STACK: expected one of embedded, release, got "relase"\nmore <of> it';

  it("is valid by the schema of Jenkins", async () => {
    expect(await complaintsAbout(abortedReport("acceptance", why))).to.deep.equal([]);
  });

  it("has one error", () => {
    expect(parseReport(abortedReport("acceptance", why))).to.include({ tests: "1", failures: "0", errors: "1" });
  });

  it("says in its message what happened, and in its text everything", () => {
    const [suite] = parseReport(abortedReport("acceptance", why)).testsuite;
    expect(suite?.testcase[0]?.error).to.deep.equal({ message: why.split("\n")[0], type: "Aborted", "#text": why });
  });

  it("says it of one case, which is named after what did not happen, and says nothing else", () => {
    const [suite] = parseReport(abortedReport("acceptance", why)).testsuite;
    expect(suite?.testcase[0]).to.include({ name: "the run reaches its first spec", classname: "acceptance" });
    expect(suite?.testcase[0]).to.have.all.keys("name", "classname", "time", "error");
  });
});
