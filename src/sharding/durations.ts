import { junitParser } from "../report/junit-parser.ts";

/** Attributes of JUnit XML, of which each tool writes its own. */
interface Attributes {
  readonly file?: string;
  readonly filepath?: string;
  readonly classname?: string;
  readonly name?: string;
  readonly time?: string;
  readonly timestamp?: string;
}

interface Suite extends Attributes {
  readonly testsuite?: readonly Suite[];
  readonly testcase?: readonly Attributes[];
}

/** What a report says of a file: how long its cases took, and from when until when its suites ran. */
interface Seen {
  casesMs: number;
  fromMs: number;
  untilMs: number;
}

/**
 * How long spec files took, in milliseconds, as JUnit reports of ours or of another tool say it. Of two reports of a file the
 * one with the later timestamp counts.
 *
 * @param files the spec files, relative to the working directory; a report may name them from any folder above
 * @param reports the texts of the reports; what is none is passed over
 */
export function readDurations(files: readonly string[], reports: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, { readonly atMs: number; readonly ms: number }>();
  const fileOf = finder(files);
  for (const report of reports)
    for (const [file, { casesMs, fromMs, untilMs }] of seenIn(report, fileOf)) {
      // Hooks are in no case: the suites of a file last as long as it does, where a report says when they began.
      const ms = Math.max(casesMs, untilMs - fromMs, 0);
      const atMs = Number.isFinite(fromMs) ? fromMs : 0;
      const before = found.get(file);
      if (before === undefined || atMs > before.atMs || (atMs === before.atMs && ms > before.ms))
        found.set(file, { atMs, ms });
    }
  return new Map([...found].map(([file, { ms }]) => [file, ms]));
}

function seenIn(report: string, fileOf: (attributes: Attributes) => string | undefined): Map<string, Seen> {
  const all = new Map<string, Seen>();
  const seen = (file: string): Seen => {
    const known = all.get(file) ?? { casesMs: 0, fromMs: Infinity, untilMs: -Infinity };
    all.set(file, known);
    return known;
  };
  /** @returns the files whose cases are below */
  const read = (suite: Suite, around: string | undefined): Set<string> => {
    const own = fileOf(suite) ?? around;
    const below = new Set<string>();
    for (const testcase of suite.testcase ?? []) {
      const file = fileOf(testcase) ?? own;
      if (file === undefined) continue;
      seen(file).casesMs += milliseconds(testcase.time);
      below.add(file);
    }
    for (const inner of suite.testsuite ?? []) for (const file of read(inner, own)) below.add(file);
    const [only] = below;
    const atMs = Date.parse(suite.timestamp ?? "");
    if (below.size !== 1 || Number.isNaN(atMs)) return below;
    const known = seen(only!);
    known.fromMs = Math.min(known.fromMs, atMs);
    known.untilMs = Math.max(known.untilMs, atMs + milliseconds(suite.time));
    return below;
  };
  read(parse(report), undefined);
  return all;
}

function parse(report: string): Suite {
  try {
    const { testsuites, testsuite } = junitParser.parse(report) as {
      testsuites?: Suite | "";
      testsuite?: readonly Suite[];
    };
    return typeof testsuites === "object" ? testsuites : { testsuite: testsuite ?? [] };
  } catch {
    return {};
  }
}

/** Finds the spec file that a case or suite names: by its own path, or by one that goes on above the project. */
function finder(files: readonly string[]): (attributes: Attributes) => string | undefined {
  const known = new Map(files.map((file) => [normal(file), file]));
  const asked = new Map<string, string | undefined>();
  const search = (name: string): string | undefined => {
    const parts = normal(name).split("/");
    // The longest end of the path that is a spec file.
    for (let from = 0; from < parts.length; from += 1) {
      const file = known.get(parts.slice(from).join("/"));
      if (file !== undefined) return file;
    }
    return undefined;
  };
  const find = (name: string): string | undefined => {
    if (!asked.has(name)) asked.set(name, search(name));
    return asked.get(name);
  };
  return ({ file, filepath, classname, name }) => {
    for (const each of [file, filepath, classname, name]) {
      const found = each === undefined ? undefined : find(each);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function normal(path: string): string {
  return path.replaceAll("\\", "/").replace(/^\.\//, "");
}

function milliseconds(seconds = ""): number {
  const ms = Number(seconds.replaceAll(",", "")) * 1_000;
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}
