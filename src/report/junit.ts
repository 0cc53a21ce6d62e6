import xml from "xml";
import { xmlText } from "./text.ts";

/** Cases that are no specs: a run that has not come to any, a file that nothing is known of yet, and what is wrong with a run. */
export const NO_SPEC_REACHED = "the run reaches its first spec";
export const WHOLE_FILE = "the specs of this file";
export const RUN_ENDS_WELL = "the run ends well";

/** How a case ended. `error` is a hook that failed; `running` and `unfinished` had not ended when the report was written. */
export type Outcome = "passed" | "failed" | "error" | "skipped" | "running" | "unfinished";

/** The attributes and text of a `failure` element, as the package `xml` writes it. */
export type FailureNode = object;

export interface CaseResult {
  readonly name: string;
  readonly classname: string;
  /** Relative to the working directory. */
  readonly file: string | undefined;
  readonly timeMs: number;
  readonly outcome: Outcome;
  readonly failure: FailureNode | undefined;
  /** What earlier tries of a retried case failed with. */
  readonly tries: readonly FailureNode[];
  /** For `system-out`; empty when there is nothing. */
  readonly output: string;
}

export interface SuiteResult {
  readonly name: string;
  readonly file: string | undefined;
  readonly startedAt: Date;
  readonly timeMs: number;
  readonly cases: readonly CaseResult[];
}

export interface Report {
  readonly name: string;
  readonly timeMs: number;
  readonly suites: readonly SuiteResult[];
  /** Properties of every test suite. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A report as JUnit XML, as Jenkins' schema has it, with the `file` that GitLab and CircleCI read on each case. */
export function junitXml({ name, timeMs, suites, properties }: Report): string {
  const { skipped: _, ...totals } = counts(suites.flatMap(({ cases }) => cases));
  const attributes = { name: xmlText(name), time: seconds(timeMs), ...totals };
  return xml(
    { testsuites: [{ _attr: attributes }, ...suites.map((suite) => suiteNode(suite, properties))] },
    { declaration: true, indent: "  " },
  );
}

/** The report of a run that ended before its first spec: one error that says why. */
export function abortedReport(suite: string, why: string): string {
  return problemsReport(suite, NO_SPEC_REACHED, [why]);
}

/** A report of nothing but problems, each a case of this name. */
export function problemsReport(suite: string, name: string, problems: readonly string[]): string {
  return junitXml({ name: suite, timeMs: 0, suites: problemSuites(suite, name, problems), properties: {} });
}

/** What is wrong with a run and with none of its specs: a suite of errors with this title; none when nothing is. */
export function problemSuites(suite: string, name: string, problems: readonly string[]): SuiteResult[] {
  const cases = problems.map((why): CaseResult => {
    const message = xmlText(why.split("\n")[0]!);
    return {
      name,
      classname: suite,
      file: undefined,
      timeMs: 0,
      outcome: "error",
      failure: { _attr: { message, type: "Aborted" }, _cdata: xmlText(why) },
      tries: [],
      output: "",
    };
  });
  return cases.length === 0 ? [] : [{ name: suite, file: undefined, startedAt: new Date(), timeMs: 0, cases }];
}

function suiteNode({ name, file, startedAt, timeMs, cases }: SuiteResult, properties: Report["properties"]): object {
  const _attr = {
    name: xmlText(name),
    timestamp: startedAt.toISOString().slice(0, -5),
    ...counts(cases),
    time: seconds(timeMs),
    ...(file === undefined ? {} : { file }),
  };
  const listed = Object.entries(properties).map(([key, value]) => ({
    property: { _attr: { name: key, value: xmlText(value) } },
  }));
  return { testsuite: [{ _attr }, { properties: listed }, ...cases.map(caseNode)] };
}

function caseNode({ name, classname, file, timeMs, outcome, failure, tries, output }: CaseResult): object {
  const _attr = {
    name: xmlText(name),
    classname: xmlText(classname),
    time: seconds(timeMs),
    ...(file === undefined ? {} : { file }),
  };
  const unfinished = (message: string): object[] => [{ error: { _attr: { message, type: "Unfinished" } } }];
  const outcomes: Record<Outcome, object[]> = {
    passed: [],
    failed: [{ failure }],
    error: [{ error: failure }],
    skipped: [{ skipped: null }],
    running: unfinished("the run ended before this spec, which was running, had finished"),
    unfinished: unfinished("the run ended before this spec had finished"),
  };
  return {
    testcase: [
      { _attr },
      ...outcomes[outcome],
      ...tries.map((attempt) => ({ [outcome === "passed" ? "flakyFailure" : "rerunFailure"]: attempt })),
      ...(output === "" ? [] : [{ "system-out": xmlText(output) }]),
    ],
  };
}

function counts(cases: readonly CaseResult[]) {
  const count = (...outcomes: Outcome[]): number => cases.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    tests: cases.length,
    failures: count("failed"),
    errors: count("error", "running", "unfinished"),
    skipped: count("skipped"),
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
