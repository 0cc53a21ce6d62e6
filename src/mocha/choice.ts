import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Suite } from "mocha";
import { takeWorkersSelection, tellWorkersSelection } from "../config/selection.ts";
import type { Selection } from "../config/selection.ts";
import { messageOf, usageError } from "../errors.ts";
import { ctrfFile } from "../report/ctrf.ts";
import type { Ctrf } from "../report/ctrf.ts";
import { readFailedSpecs } from "../report/failed-specs.ts";
import type { FailedSpecs } from "../report/failed-specs.ts";
import { NO_SPEC_REACHED } from "../report/junit.ts";
import { PREVIOUS } from "../report/page-file.ts";
import { arrange, shuffledFiles } from "./arrange.ts";

/** Results of a run that came to no spec are smaller, in bytes. */
const ABORTED_SIZE = 256 * 1024;

/** Which specs of a run are run, how often, and in which order. */
export interface Choice {
  readonly selection: Selection;
  /** This process is a parallel worker that was told its selection. */
  readonly isWorker: boolean;
  /**
   * Reads which specs are to run: to be called before the results of this run take the place of those of the last.
   *
   * @param report of this run: its own results are those beside it
   * @throws StackspecError `USAGE` when a report cannot be read
   */
  read(report: string): void;
  /** Those of these spec files that have such specs, in the order in which they run. */
  files(found: readonly string[]): string[];
  /** Chooses and arranges the specs of a run that has not begun. In a parallel run each worker does. */
  arrange(root: Suite): void;
  /** Leaves that to the parallel workers. */
  leaveToWorkers(): void;
  /** A run in which no spec ran is bad input, unless this is said to be well. */
  passesWithNoSpecs: boolean;
  /** What a random order comes from, in words; undefined when it is none. */
  readonly order: string | undefined;
  /** Why no spec of a suite is chosen, for when none is; undefined when nothing is left out. */
  readonly leftOut: string | undefined;
}

/** @param given the selection by the settings, asked for when it is needed */
export function chooseSpecs(given: () => Selection): Choice {
  const told = takeWorkersSelection();
  let failed: { readonly specs: FailedSpecs; readonly from: string; readonly keptAs: string } | undefined;
  const choice: Choice = {
    isWorker: told !== undefined,
    passesWithNoSpecs: false,
    get selection() {
      return told ?? given();
    },
    read(report) {
      if (choice.selection.lastFailed === undefined || failed !== undefined) return;
      const source = sourceOf(choice.selection.lastFailed, report);
      if (source !== undefined) failed = { specs: readReport(source.from), ...source };
    },
    files(found) {
      const { seed } = choice.selection;
      const chosen = found.filter((file) => failed?.specs.hasFile(relative(process.cwd(), resolve(file))) ?? true);
      return seed === undefined ? chosen.toSorted() : shuffledFiles(chosen, seed);
    },
    arrange(root) {
      if (told?.lastFailed !== undefined) failed ??= { specs: readReport(told.lastFailed), from: "", keptAs: "" };
      const { seed, repeatEach } = choice.selection;
      if (seed !== undefined || repeatEach > 1 || failed !== undefined)
        arrange(root, { seed, repeatEach }, failed?.specs);
    },
    leaveToWorkers() {
      tellWorkersSelection({ ...choice.selection, lastFailed: failed?.keptAs });
    },
    get order() {
      const { seed } = choice.selection;
      return seed === undefined ? undefined : `In random order, which --seed ${seed} repeats`;
    },
    get leftOut() {
      return failed && `that failed in ${failed.from}`;
    },
  };
  return choice;
}

function readReport(path: string): FailedSpecs {
  try {
    return readFailedSpecs(path);
  } catch (error) {
    const what = `expected a JUnit report or stored results, got "${path}": ${messageOf(error)}`;
    throw usageError("--last-failed", what, error);
  }
}

/** The report that names the specs to run, and where it is while this run goes on. Undefined where there is none yet. */
function sourceOf(lastFailed: string, report: string): { from: string; keptAs: string } | undefined {
  const own = ctrfFile(report);
  const isOwn = lastFailed === "" || [report, own].some((path) => resolve(path) === resolve(lastFailed));
  if (!isOwn) return { from: lastFailed, keptAs: lastFailed };
  const from = storedResults(report);
  return from === undefined ? undefined : { from, keptAs: previousOf(own) };
}

/** The results of the last run that came to a spec; undefined when there are none. */
export function storedResults(report: string): string | undefined {
  const own = ctrfFile(report);
  return [own, previousOf(own)].find((path) => existsSync(path) && !isAborted(path));
}

function previousOf(path: string): string {
  return join(dirname(path), PREVIOUS, basename(path));
}

/** Results of a run that came to no spec: those before tell more. */
export function isAborted(path: string): boolean {
  if (statSync(path).size > ABORTED_SIZE) return false;
  try {
    const { results } = JSON.parse(readFileSync(path, "utf8")) as Ctrf;
    return results.tests.every(({ name }) => name === NO_SPEC_REACHED);
  } catch {
    return false;
  }
}
