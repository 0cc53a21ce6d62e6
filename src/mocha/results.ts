import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ctrfFile, summaryOf } from "../report/ctrf.ts";
import type { Ctrf, CtrfTest, StoredShard } from "../report/ctrf.ts";
import { loadBundles } from "../report/bundles.ts";
import type { Bundles } from "../report/bundles.ts";
import { annotationsOf, appendSummary } from "../report/github.ts";
import { PREVIOUS, readStored, writePage, writePageWith } from "../report/page-file.ts";
import { isReplaceable, writeAtomically } from "../report/write.ts";
import { maskedJson } from "../secrets.ts";
import { say } from "../terminal.ts";
import type { Config } from "../config/config.ts";
import { isAborted } from "./choice.ts";
import type { Clock } from "./clock.ts";
import { ctrfTest, missingFile, problemOf } from "./ctrf-test.ts";
import { ownVersion, thisMachine } from "./machine.ts";
import type { CaseRecord, RunRecord } from "./run-record.ts";
import { throttled } from "./throttle.ts";
import type { TimelineRecorder } from "./timeline.ts";

/** What storing may take at once, in milliseconds, and which part of the time that passes. */
const STORING_MS = 50;
const STORING_SHARE = 50;
/** How many characters of what failed specs have seen are stored in all. */
const EVIDENCE_LENGTH = 8 * 1024 * 1024;
/** A log's last lines come late; after this, in milliseconds, what a failed spec carries stays as it is. */
const SETTLED_AFTER_MS = 2_000;
/** A run has lasted so long, in milliseconds, before its HTML report is made for the first time: most are over by then. */
const PAGE_AFTER_MS = 3_000;

/** What of a run its results are made of, beside what mocha tells. */
export interface ResultsSource {
  readonly clock: Pick<Clock, "phases">;
  readonly timeline: Pick<TimelineRecorder, "read">;
  readonly config: Pick<Config, "github" | "outerRuns">;
  /** Stacks, images and versions. */
  properties(): Readonly<Record<string, string>>;
}

/** The results of a run as data: a file that is there from the first moment, and written whole. */
export interface Results {
  /** What mocha tells of the run: from now on its specs are stored. */
  record: RunRecord | undefined;
  /** Which part of its suite the run is; undefined: the whole. */
  shard: StoredShard | undefined;
  /** Something has changed. */
  soon(): void;
  /**
   * Stores what there is now.
   *
   * @param problems of the run and of none of its specs: each a failed test
   * @param isOver nothing will follow @default false
   * @throws Error from the file system
   */
  write(problems?: readonly string[], isOver?: boolean): void;
  /**
   * The same at the end of the run, with the HTML report of the folder.
   *
   * @returns its path; undefined where there is none
   */
  finish(problems?: readonly string[]): Promise<string | undefined>;
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
  let problems: readonly string[] = [];
  const write: Results["write"] = (found, isOver = false) => {
    if (!isStored) return;
    writing.cancel();
    const { record } = results;
    // What was wrong before there were specs is so until there are.
    problems = found ?? (record === undefined ? problems : []);
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
      extra: { isOver, timeline: source.timeline.read(source.clock.phases()), shard: results.shard },
    },
  });
  const writing = throttled(() => write(), STORING_MS, STORING_SHARE);
  let bundles: Bundles | undefined;
  const folder = dirname(path);
  const drawing = throttled(
    () => {
      if (bundles !== undefined) writePageWith(bundles, folder);
      else void loadBundles().then((found) => ((bundles = found), isFinished || drawing.soon()), ignored);
    },
    0,
    STORING_SHARE,
  );
  let isFinished = false;
  const results: Results = {
    record: undefined,
    shard: undefined,
    soon() {
      if (!isStored || isFinished) return;
      writing.soon();
      const waitMs = startedAt + PAGE_AFTER_MS - Date.now();
      if (waitMs > 0) drawing.within(waitMs);
      else drawing.soon();
    },
    write,
    async finish(found) {
      isFinished = true;
      drawing.cancel();
      write(found, true);
      if (!isStored) return undefined;
      announce(path, source.config);
      const page = await writePage(folder);
      if (page === undefined)
        say(`${join(folder, "index.html")} is not the HTML report: another file of that name is there`);
      return page;
    },
  };
  return results;
}

/** Tells GitHub what failed. The summary is for the outermost run to write: other runs are part of its suites and specs. */
function announce(path: string, { github: { annotates, summary }, outerRuns }: ResultsSource["config"]): void {
  if (!annotates) return;
  const all = readStored([path]);
  for (const annotation of all.flatMap(annotationsOf)) say(annotation);
  if (summary !== undefined && outerRuns.length === 0) appendSummary(summary, all);
}

/** Nothing will be added to it any more. */
function isSettled({ outcome, error, endedAt }: CaseRecord): boolean {
  if (outcome === "running" || outcome === "unfinished") return false;
  return error === undefined || (endedAt !== undefined && Date.now() - endedAt > SETTLED_AFTER_MS);
}

function keepPrevious(path: string): void {
  if (!existsSync(path) || isAborted(path)) return;
  const folder = join(dirname(path), PREVIOUS);
  mkdirSync(folder, { recursive: true });
  renameSync(path, join(folder, basename(path)));
}

/** The last time says so. */
function ignored(): void {}
