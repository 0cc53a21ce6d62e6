import type { Exchange } from "../http/exchange.ts";
import type { Timeline } from "./timeline.ts";

/** How a test ended, in the words of CTRF: https://ctrf.io/docs/specification/status */
export type CtrfStatus = "passed" | "failed" | "skipped" | "pending" | "other";

/** One try of a test that was tried again. */
export interface CtrfAttempt {
  readonly attempt: number;
  readonly status: CtrfStatus;
  readonly message?: string | undefined;
  readonly trace?: string | undefined;
}

export interface CtrfAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly path: string;
}

/** What a service wrote while a failed spec ran, and when. */
export interface StoredLines {
  readonly service: string;
  readonly lines: readonly string[];
  readonly atMs: readonly number[];
}

/** What stackspec adds to a failed test of CTRF. */
export interface CtrfTestExtra {
  /** It did not run, for this hook of its suite failed. */
  readonly blocked?: boolean | undefined;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  readonly exchanges?: readonly Exchange[] | undefined;
  readonly logs?: readonly StoredLines[] | undefined;
  /** What was seen is left out, for the file has enough of it. */
  readonly leftOut?: boolean | undefined;
}

export interface CtrfTest {
  /** The same in every run, as long as file and titles are. */
  readonly testId: string;
  readonly name: string;
  readonly status: CtrfStatus;
  /** What this project calls it: also `error` for a hook, `running` and `unfinished`. */
  readonly rawStatus: string;
  /** In milliseconds, as `start` and `stop` are milliseconds of Unix time. */
  readonly duration: number;
  readonly start?: number | undefined;
  readonly stop?: number | undefined;
  /** The titles from the root down; undefined outside of any suite. */
  readonly suite?: readonly string[] | undefined;
  readonly filePath?: string | undefined;
  readonly line?: number | undefined;
  readonly snippet?: string | undefined;
  readonly message?: string | undefined;
  readonly trace?: string | undefined;
  readonly retries?: number | undefined;
  readonly retryAttempts?: readonly CtrfAttempt[] | undefined;
  readonly flaky?: boolean | undefined;
  readonly attachments?: readonly CtrfAttachment[] | undefined;
  readonly extra?: CtrfTestExtra | undefined;
}

/** Which part of a suite a run was, for those who put the parts together. */
export interface StoredShard {
  /** From 1. */
  readonly number: number;
  readonly total: number;
  /** The spec files of the whole suite, and those of this shard. None before they are dealt. */
  readonly files: readonly string[];
  readonly own: readonly string[];
  /** Digests: of what the spec files contain, and of the durations that they were dealt by. */
  readonly specs: string;
  readonly durations: string;
}

/** Where a run took place. */
export interface Machine {
  readonly platform: string;
  readonly release: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Results as data, in the field's interchange format: https://ctrf.io */
export interface Ctrf {
  readonly reportFormat: "CTRF";
  readonly specVersion: string;
  readonly reportId: string;
  readonly timestamp: string;
  readonly generatedBy: string;
  readonly results: {
    readonly tool: { readonly name: string; readonly version: string };
    readonly summary: Summary;
    readonly tests: readonly CtrfTest[];
    readonly environment: {
      readonly reportName: string;
      readonly osPlatform: string;
      readonly osRelease: string;
      readonly testEnvironment?: string | undefined;
      readonly extra: { readonly machine: Machine; readonly properties: Readonly<Record<string, string>> };
    };
    /** `isOver` is false as long as the run goes on, and stays so when it is killed. */
    readonly extra: {
      readonly isOver: boolean;
      readonly timeline: Timeline;
      readonly shard?: StoredShard | undefined;
    };
  };
}

export interface Summary {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly pending: number;
  readonly other: number;
  readonly flaky: number;
  readonly suites: number;
  readonly start: number;
  readonly stop: number;
  readonly duration: number;
}

/** The part of its name that follows a report's: `reports/unit.ctrf.json` beside `reports/unit.xml`. */
export const CTRF_EXTENSION = ".ctrf.json";

/** Where the data of a report is stored: beside it. */
export function ctrfFile(report: string): string {
  return `${report.replace(/\.xml$/, "")}${CTRF_EXTENSION}`;
}

/** The name of a file of results, without its folder and {@link CTRF_EXTENSION}. */
export const baseOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1).replace(/\.ctrf\.json$/, "");

/** Results, and the file that they are stored in. */
export interface StoredResults {
  readonly file: string;
  readonly results: Ctrf["results"];
}

/** The suite, and the stack that it has run on, where its file is called so: "acceptance-release". */
export function nameOf({ file, results }: StoredResults): string {
  const { reportName } = results.environment;
  const name = baseOf(file);
  return name.startsWith(`${reportName}-`) ? name : reportName;
}

/** Counts of tests, with the time that they took in all. */
export function summaryOf(tests: readonly CtrfTest[], start: number, stop: number): Summary {
  const count = (status: CtrfStatus): number => tests.filter((test) => test.status === status).length;
  return {
    tests: tests.length,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    pending: count("pending"),
    other: count("other"),
    flaky: tests.filter(({ flaky }) => flaky).length,
    suites: new Set(tests.map(({ filePath, suite = [] }) => [filePath, ...suite].join("\n"))).size,
    start,
    stop,
    duration: stop - start,
  };
}
