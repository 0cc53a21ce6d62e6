import { readFileSync } from "node:fs";
import type { Ctrf } from "./ctrf.ts";
import { NO_SPEC_REACHED, RUN_ENDS_WELL, WHOLE_FILE } from "./junit.ts";
import { junitParser } from "./junit-parser.ts";
import { plainText } from "./text.ts";

/** A spec as mocha knows it. */
export interface SpecName {
  /** Relative to the working directory, with slashes. */
  readonly file: string;
  /** The titles of its suites, from the root down. */
  readonly suites: readonly string[];
  readonly title: string;
}

/** Which specs a report says have failed, or have not ended. */
export interface FailedSpecs {
  has(spec: SpecName): boolean;
  /** Whether specs of that file can be among them. */
  hasFile(file: string): boolean;
  readonly count: number;
}

/** A case that failed, whoever has written it down. */
interface FailedCase {
  /** Undefined where the report does not say. */
  readonly file: string | undefined;
  /** What it may be called, each with all titles or with something else before them. */
  readonly names: readonly string[];
  /** Not the spec of that name failed but a hook of this suite: each of its specs is meant. */
  readonly isSuite: boolean;
}

interface XmlCase {
  readonly name?: string;
  readonly classname?: string;
  readonly file?: string;
  readonly failure?: unknown;
  readonly error?: unknown;
}

interface XmlSuite {
  readonly file?: string;
  readonly testcase?: readonly XmlCase[];
  readonly testsuite?: readonly XmlSuite[];
}

/** What fails in the name of a suite: mocha's titles of hooks. */
const HOOK = /^"(?:before|after) (?:all|each)" hook/;
/** What stands for all that did not run: of the whole run, and of a file. */
const ALL = new Set([NO_SPEC_REACHED, WHOLE_FILE]);
const REPEATED = / \(\d+ of \d+\)$/;

/**
 * Reads which specs failed, from stored results (CTRF) or from any JUnit XML.
 *
 * @throws Error when there is no such file, or it is neither
 */
export function readFailedSpecs(path: string): FailedSpecs {
  const text = readFileSync(path, "utf8");
  return failedSpecs(text.trimStart().startsWith("{") ? casesOfCtrf(JSON.parse(text) as Ctrf) : casesOfXml(text));
}

function casesOfCtrf({ results }: Partial<Ctrf>): FailedCase[] {
  if (!Array.isArray(results?.tests)) throw new Error("it has no tests");
  return results.tests
    .filter(({ status, name }) => (status === "failed" || status === "other") && name !== RUN_ENDS_WELL)
    .map(({ name, suite = [], filePath }) =>
      ALL.has(name)
        ? { file: filePath, names: [], isSuite: true }
        : caseOf(filePath, name, [[...suite, name].join(" ")], [suite.join(" ")]),
    );
}

function casesOfXml(text: string): FailedCase[] {
  const { testsuites, testsuite } = junitParser.parse(text) as {
    testsuites?: XmlSuite;
    testsuite?: readonly XmlSuite[];
  };
  if (testsuites === undefined && testsuite === undefined) throw new Error("it has no test suites");
  const below = (suites: readonly XmlSuite[]): FailedCase[] =>
    suites.flatMap(({ file: ofSuite, testcase = [], testsuite: inner = [] }) => [
      ...testcase
        .filter((each) => ("failure" in each || "error" in each) && each.name !== RUN_ENDS_WELL)
        .map(({ name = "", classname = "", file = ofSuite }) =>
          ALL.has(name)
            ? { file, names: [], isSuite: true }
            : caseOf(file, name, [name, `${classname} ${name}`], [classname]),
        ),
      ...below(inner),
    ]);
  return below(testsuite ?? testsuites!.testsuite ?? []);
}

function caseOf(file: string | undefined, name: string, names: string[], suites: string[]): FailedCase {
  const isSuite = isHook(name);
  return { file, names: isSuite ? suites : names, isSuite };
}

function failedSpecs(cases: readonly FailedCase[]): FailedSpecs {
  // By file, for titles recur. Where they stand at the end of a name, what is before them is the suite, as CI systems show it.
  const byFile = new Map<string | undefined, { specs: Set<string>; suites: Set<string>; isAll: boolean }>();
  for (const { file, names, isSuite } of cases) {
    const known = byFile.get(file) ?? { specs: new Set(), suites: new Set(), isAll: false };
    byFile.set(file, known);
    if (isSuite && names.every((each) => words(each) === "")) known.isAll = true;
    for (const end of names.flatMap(endsOf)) (isSuite ? known.suites : known.specs).add(end);
  }
  const of = (file: string) => [...byFile].filter(([each]) => each === undefined || isSameFile(each, file));
  return {
    count: cases.length,
    hasFile: (file) => of(file).length > 0,
    has({ file, suites, title }) {
      const above = suites.map((_, index) => words(suites.slice(0, index + 1).join(" ")));
      const name = words([...suites, title].join(" "));
      return of(file).some(
        ([, known]) => known.isAll || known.specs.has(name) || above.some((suite) => known.suites.has(suite)),
      );
    },
  };
}

/** Whether that is a case of a hook that failed, and no spec. */
export function isHook(name: string): boolean {
  return HOOK.test(name);
}

/** All ends of a name that begin with a word. */
function endsOf(name: string): string[] {
  const all = words(name.replace(REPEATED, "")).split(" ");
  return all.map((_, index) => all.slice(index).join(" "));
}

/** A name without what a report may write otherwise: separators of titles, full stops, controls. */
export function words(name: string): string {
  return plainText(name)
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** Paths of two machines, or of two folders of one project: one ends like the other. */
function isSameFile(a: string, b: string): boolean {
  const [x, y] = [a, b].map((path) => path.replaceAll("\\", "/").replace(/^\.\//, "")) as [string, string];
  return x === y || x.endsWith(`/${y}`) || y.endsWith(`/${x}`);
}
