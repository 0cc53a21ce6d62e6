import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { validateXML } from "xmllint-wasm";
import { ctrfFile } from "../../src/report/ctrf.ts";
import type { Ctrf } from "../../src/report/ctrf.ts";

const root = join(import.meta.dirname, "../..");
const schema = readFileSync(join(import.meta.dirname, "fixtures/junit-10.xsd"), "utf8");

/** A `failure`, `error`, `flakyFailure` or `rerunFailure`. */
export interface Problem {
  readonly message: string;
  readonly type: string;
  readonly "#text"?: string;
}

export interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly time: string;
  readonly file?: string;
  readonly failure?: Problem;
  readonly error?: Problem;
  readonly skipped?: "";
  readonly flakyFailure?: readonly Problem[];
  readonly rerunFailure?: readonly Problem[];
  readonly "system-out"?: string;
}

type Counts = Readonly<Record<"tests" | "failures" | "errors" | "skipped", string>>;

export interface TestSuite extends Counts {
  readonly name: string;
  readonly time: string;
  readonly timestamp: string;
  readonly file?: string;
  readonly properties: { readonly property: readonly { readonly name: string; readonly value: string }[] };
  readonly testcase: readonly TestCase[];
}

export interface TestReport extends Omit<Counts, "skipped"> {
  readonly name: string;
  readonly time: string;
  readonly testsuite: readonly TestSuite[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  isArray: (name) => ["testsuite", "testcase", "property", "flakyFailure", "rerunFailure"].includes(name),
});

/** A report as a CI system reads it. */
export function parseReport(xml: string): TestReport {
  return (parser.parse(xml) as { testsuites: TestReport }).testsuites;
}

/** What a validating parser and Jenkins' schema have against a report. `file` on a case is for GitLab and CircleCI; that schema does not have it. */
export async function complaintsAbout(xml: string): Promise<readonly string[]> {
  const known = xml.replaceAll(/(<testcase [^>]*?) file="[^"]*"/g, "$1");
  const { errors } = await validateXML({ xml: { fileName: "report.xml", contents: known }, schema });
  return errors.map(({ rawMessage }) => rawMessage);
}

/** A run of mocha that is over. */
export interface Run {
  /** The exit code; the name of the signal when it was killed by one. */
  readonly ended: number | string;
  readonly terminal: string;
  readonly xml: string;
  readonly report: TestReport;
  /** The same as data. */
  readonly results: Ctrf;
}

/** Runs files of `fixtures/` with mocha as this project is set up for it, in a process of their own. */
export async function runFixtures(
  names: readonly string[],
  options: { words?: readonly string[]; environment?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "stackspec-junit-"));
  try {
    const report = join(folder, "report.xml");
    const { ended, terminal } = await runMocha(names, report, options);
    const xml = await readFile(report, "utf8");
    const results = JSON.parse(await readFile(ctrfFile(report), "utf8")) as Ctrf;
    return { ended, terminal, xml, report: parseReport(xml), results };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same for a report that cannot be read, or is not there. */
export function runMocha(
  names: readonly string[],
  report: string,
  { words = [], environment = {} }: { words?: readonly string[]; environment?: NodeJS.ProcessEnv } = {},
): Promise<Pick<Run, "ended" | "terminal">> {
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const files = names.map((name) => join("specs/unit/fixtures", `${name}.ts`));
  const reporter = ["--reporter-option", `suite=fixtures,path=${report}`];
  const env = { PATH: process.env["PATH"], REPORT: report, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [mocha, ...reporter, ...words, ...files], { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ ended: error?.signal ?? (error?.code as number | undefined) ?? 0, terminal: `${stdout}${stderr}` }),
    );
  });
}
