import { expect } from "chai";
import { readDurations } from "../../src/sharding/durations.ts";

const FILES = ["specs/unit/a.spec.ts", "specs/unit/b.spec.ts"];
const known = (...reports: string[]) => Object.fromEntries(readDurations(FILES, reports));

/** Reports of one file that takes two seconds, as tools write them. */
const WRITTEN: Readonly<Record<string, string>> = {
  stackspec: `<testsuites name="unit" time="2.000"><testsuite name="a" timestamp="2026-01-01T10:00:00" time="2.000" file="specs/unit/a.spec.ts">
    <testcase name="x" classname="unit.a" time="0.500" file="specs/unit/a.spec.ts"></testcase></testsuite></testsuites>`,
  "mocha-junit-reporter": `<testsuites><testsuite name="Root Suite" time="0" /><testsuite name="a" file="/builds/team/shop/specs/unit/a.spec.ts" time="2.0">
    <testcase name="a x" time="2.0" classname="x"/></testsuite></testsuites>`,
  "jest-junit": `<testsuites><testsuite name="specs/unit/a.spec.ts" time="2"><testcase name="x" classname="a" time="2"/></testsuite></testsuites>`,
  vitest: `<testsuites><testsuite name="specs/unit/a.spec.ts" timestamp="2026-01-01T10:00:00.250Z" time="2"><testcase classname="specs/unit/a.spec.ts" name="x" time="1"/></testsuite></testsuites>`,
  "node:test": `<testsuites><testcase name="x" time="2" classname="test" file="./specs/unit/a.spec.ts"/></testsuites>`,
  "a tool on Windows": `<testsuite name="a"><testcase name="x" time="2" file="D:\\shop\\specs\\unit\\a.spec.ts"/></testsuite>`,
  "suites in suites": `<testsuites><testsuite name="all"><testsuite name="a" file="specs/unit/a.spec.ts"><testsuite name="in"><testcase name="x" time="1.5"/></testsuite>
    <testcase name="y" time="0.5"/></testsuite></testsuite></testsuites>`,
};

describe("durations of spec files", () => {
  for (const [tool, report] of Object.entries(WRITTEN))
    it(`are read from what ${tool} writes`, () => {
      expect(known(report)).to.deep.equal({ "specs/unit/a.spec.ts": 2_000 });
    });

  it("have their hooks in them, where a report says when suites began", () => {
    const suite = (second: string, time: number): string =>
      `<testsuite file="specs/unit/a.spec.ts" timestamp="2026-01-01T10:00:${second}" time="${time}"><testcase time="1"/></testsuite>`;
    expect(known(`<testsuites>${suite("00", 5)}${suite("20", 10)}</testsuites>`)).to.deep.equal({
      "specs/unit/a.spec.ts": 30_000,
    });
  });

  it("are told apart where one suite has cases of several files", () => {
    const cases = FILES.map((file, index) => `<testcase time="${index + 1}" file="${file}"/>`).join("");
    const suite = `<testsuite timestamp="2026-01-01T10:00:00" time="60">${cases}</testsuite>`;
    expect(known(`<testsuites>${suite}</testsuites>`)).to.deep.equal({
      "specs/unit/a.spec.ts": 1_000,
      "specs/unit/b.spec.ts": 2_000,
    });
  });

  it("are those of the later report, in whatever order they are read", () => {
    const report = (day: string, time: number): string =>
      `<testsuite file="specs/unit/a.spec.ts" timestamp="2026-01-${day}T10:00:00" time="${time}"><testcase time="${time}"/></testsuite>`;
    const reports = [report("01", 9), report("02", 4)];
    for (const each of [reports, reports.toReversed()])
      expect(known(...each)).to.deep.equal({ "specs/unit/a.spec.ts": 4_000 });
  });

  it("are the longer ones of two reports of the same time, in whatever order they are read", () => {
    const report = (time: number): string =>
      `<testsuite file="specs/unit/a.spec.ts" timestamp="2026-01-01T10:00:00" time="${time}"><testcase time="${time}"/></testsuite>`;
    const [short, long] = [report(4), report(9)];
    for (const each of [
      [short, long],
      [long, short],
    ])
      expect(known(...each)).to.deep.equal({ "specs/unit/a.spec.ts": 9_000 });
  });

  for (const [time, ms] of [
    ["1,234.5", 1_234_500],
    ["-3", 0],
    ["soon", 0],
    ["Infinity", 0],
  ] as const)
    it(`are ${ms} ms where a report says ${time}`, () => {
      expect(known(`<testsuite><testcase time="${time}" file="specs/unit/a.spec.ts"/></testsuite>`)).to.deep.equal({
        "specs/unit/a.spec.ts": ms,
      });
    });

  it("are 0 ms where a report says none", () => {
    expect(known('<testsuite><testcase file="specs/unit/a.spec.ts"/></testsuite>')).to.deep.equal({
      "specs/unit/a.spec.ts": 0,
    });
  });

  it("are not those of a file whose name only ends so", () => {
    expect(known('<testsuite><testcase time="1" file="specs/unit/aa.spec.ts"/></testsuite>')).to.deep.equal({});
  });

  it("are none in what is no report", () => {
    const others = ["", "<a", "not XML", "<coverage><file/></coverage>", "<testsuites/>", '<testsuite time="1"/>'];
    expect(known(...others)).to.deep.equal({});
  });

  it("are none for files that are no specs of the suite", () => {
    expect(
      known('<testsuite><testcase time="1" file="specs/other/a.spec.ts" classname="a"/></testsuite>'),
    ).to.deep.equal({});
  });
});
