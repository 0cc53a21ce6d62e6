import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { ctrfFile, summaryOf } from "../report/ctrf.ts";
import type { Ctrf, CtrfTest, Machine } from "../report/ctrf.ts";
import { plainText } from "../report/text.ts";
import { isReplaceable, writeAtomically } from "../report/write.ts";
import { maskedJson } from "../secrets.ts";
import type { Clock } from "./clock.ts";
import { ctrfTest } from "./ctrf-test.ts";
import type { CaseRecord, RunRecord } from "./run-record.ts";
import { throttled } from "./throttle.ts";
import type { TimelineRecorder } from "./timeline.ts";

/** What storing may take at once, in milliseconds, and which part of the time that passes. */
const STORING_MS = 250;
const STORING_SHARE = 50;
/** How many characters of what failed specs have seen are stored in all. */
const EVIDENCE_LENGTH = 8 * 1024 * 1024;
/** A log's last lines come late; after this, in milliseconds, what a failed spec carries stays as it is. */
const SETTLED_AFTER_MS = 2_000;
/** Where the results of the run before are kept, beside those of this one. */
const PREVIOUS = "previous";

/** What of a run its results are made of, beside what mocha tells. */
export interface ResultsSource {
  readonly clock: Pick<Clock, "phases">;
  readonly timeline: Pick<TimelineRecorder, "read">;
  /** Stacks, images and versions. */
  properties(): Readonly<Record<string, string>>;
}

/** The results of a run as data: a file that is there from the first moment, and written whole. */
export interface Results {
  /** What mocha tells of the run: from now on its specs are stored. */
  record: RunRecord | undefined;
  /** Something has changed. */
  soon(): void;
  /**
   * Stores what there is now.
   *
   * @param problems of the run and of none of its specs: each a failed test
   * @param isOver this is the end of the run @default false
   * @throws Error from the file system
   */
  write(problems?: readonly string[], isOver?: boolean): void;
}

/** The results of a run: begun by the command, or by mocha's reporter where that is used without. */
export function resultsOf(
  run: ResultsSource & { results: Results | undefined },
  report: string,
  suite: string,
): Results {
  return (run.results ??= openResults(report, suite, run));
}

/**
 * Begins to store the results of a run beside its report; those of the run before are kept in a folder beside it.
 *
 * @param report the path of the XML; where that is no file, as a device, nothing is stored
 */
function openResults(report: string, suite: string, source: ResultsSource): Results {
  const path = ctrfFile(report);
  const isStored = isReplaceable(report) && isReplaceable(path);
  const reportId = randomUUID();
  const startedAt = Date.now();
  const known = new WeakMap<CaseRecord, CtrfTest>();
  const machine = thisMachine();
  if (isStored) keepPrevious(path);

  const tests = (record: RunRecord): CtrfTest[] => {
    let length = 0;
    return [...record.suites.values()].flatMap(({ cases }) =>
      [...cases.values()].map((entry) => {
        const test = known.get(entry) ?? ctrfTest(entry, length <= EVIDENCE_LENGTH);
        if (test.extra !== undefined) length += JSON.stringify(test.extra).length;
        if (isSettled(entry)) known.set(entry, test);
        return test;
      }),
    );
  };
  const write: Results["write"] = (problems = [], isOver = false) => {
    if (!isStored) return;
    writing.cancel();
    const { record } = results;
    const all = record === undefined ? [] : [...tests(record), ...[...record.missing].map(missingFile)];
    if (problems.length > 0) all.push(...problems.map((why) => problemOf(suite, why, record !== undefined)));
    writeAtomically(path, JSON.stringify(reportOf(all, isOver)));
  };
  const reportOf = (all: readonly CtrfTest[], isOver: boolean): Ctrf => ({
    reportFormat: "CTRF",
    specVersion: "0.0.0",
    reportId,
    timestamp: new Date(startedAt).toISOString(),
    generatedBy: "stackspec",
    results: {
      tool: { name: "stackspec", version: ownVersion() },
      summary: summaryOf(all, startedAt, Date.now()),
      tests: all,
      environment: {
        reportName: suite,
        osPlatform: machine.platform,
        osRelease: machine.release,
        extra: { machine, properties: JSON.parse(maskedJson(source.properties())) as Record<string, string> },
      },
      extra: { isOver, timeline: source.timeline.read(source.clock.phases()) },
    },
  });
  const writing = throttled(() => write(), STORING_MS, STORING_SHARE);
  const results: Results = { record: undefined, soon: () => isStored && writing.soon(), write };
  return results;
}

/** Nothing will be added to it any more. */
function isSettled({ outcome, error, endedAt }: CaseRecord): boolean {
  if (outcome === "running" || outcome === "unfinished") return false;
  return error === undefined || (endedAt !== undefined && Date.now() - endedAt > SETTLED_AFTER_MS);
}

/** Specs of a file that a parallel worker has not reported on. */
function missingFile(path: string): CtrfTest {
  const filePath = relative(process.cwd(), path);
  return {
    testId: filePath,
    name: "the specs of this file",
    status: "other",
    rawStatus: "unfinished",
    duration: 0,
    filePath,
  };
}

/** What is wrong with a run and with none of its specs. */
function problemOf(suite: string, why: string, hasBegun: boolean): CtrfTest {
  const name = hasBegun ? "the run ends well" : "the run reaches its first spec";
  const message = plainText(why);
  return { testId: name, name, status: "failed", rawStatus: "error", duration: 0, suite: [suite], message };
}

function keepPrevious(path: string): void {
  if (!existsSync(path)) return;
  const folder = join(dirname(path), PREVIOUS);
  mkdirSync(folder, { recursive: true });
  renameSync(path, join(folder, basename(path)));
}

function thisMachine(): Machine {
  return {
    platform: platform(),
    release: release(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

function ownVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
