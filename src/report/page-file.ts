import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadBundles } from "./bundles.ts";
import type { Bundles } from "./bundles.ts";
import { compare } from "./compare.ts";
import { CTRF_EXTENSION, baseOf } from "./ctrf.ts";
import type { Ctrf, StoredResults } from "./ctrf.ts";
import { bounded } from "./html/bounded.ts";
import type { PageReport } from "./html/model.ts";
import { writeAtomically } from "./write.ts";

const PAGE = "index.html";
/** Where the results of the run before are kept, beside those of this one. */
export const PREVIOUS = "previous";
/** A page of ours says so at its beginning: no other file is replaced. */
const OURS = '<meta name="generator" content="stackspec"';

/**
 * Makes the HTML report of a folder from all results that are stored there.
 *
 * @returns its path; undefined where there are no results, or a file of that name that is none of ours
 * @throws Error from the file system
 */
export async function writePage(folder: string): Promise<string | undefined> {
  return writeLastPage(await loadBundles(), folder);
}

/**
 * The same at the end of a run. Another one that ends meanwhile has made a page with its last results: who replaces that by
 * one that was made of earlier ones makes it again.
 */
export function writeLastPage(bundles: Bundles, folder: string): string | undefined {
  let reports = readReports(folder);
  for (;;) {
    const path = writePageWith(bundles, folder, reports);
    const now = readReports(folder);
    if (isDeepStrictEqual(overIn(now), overIn(reports))) return path;
    reports = now;
  }
}

/** Which runs are over in these reports, and when they were stored. */
function overIn(reports: readonly PageReport[]) {
  const over = reports.filter(({ results }) => results.extra.isOver);
  return over.map(({ file, results }) => [file, results.summary.stop]);
}

/** The same at once, for whoever has loaded what it is made with. */
export function writePageWith(
  bundles: Bundles,
  folder: string,
  reports: readonly PageReport[] = readReports(folder),
): string | undefined {
  const path = join(folder, PAGE);
  if (existsSync(path) && !readFileSync(path, "utf8").slice(0, 1_000).includes(OURS)) return undefined;
  if (reports.length === 0) return undefined;
  writeAtomically(path, bundles.pageOf({ madeAt: Date.now(), reports: bounded(reports) }, bundles));
  return path;
}

function readReports(folder: string): PageReport[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(CTRF_EXTENSION));
  const reports = files.flatMap((file): PageReport[] => {
    const now = readResults(join(folder, file));
    if (now === undefined) return [];
    const previous = readResults(join(folder, PREVIOUS, file));
    const comparison = previous === undefined ? undefined : compare(now, previous);
    return [{ file, results: now.results, comparison, leftOut: [] }];
  });
  return reports.toSorted((a, b) => a.results.summary.start - b.results.summary.start);
}

/** The results that are stored in these files, as far as they are ours. */
export function readStored(paths: readonly string[]): (Ctrf & StoredResults)[] {
  return paths.flatMap((file) => {
    const found = readResults(file);
    return found === undefined ? [] : [{ ...found, file }];
  });
}

/**
 * Removes the reports in a folder of suites that a project no longer runs: nothing would replace them, and a page and a CI
 * system would show for ever how they ended.
 *
 * @param isRun whether a report of this name, of this suite, is one of a suite that is run
 */
export function removeReports(folder: string, isRun: (name: string, suite: string) => boolean): void {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(CTRF_EXTENSION)) : [];
  for (const file of files) {
    const name = baseOf(file);
    const suite = readResults(join(folder, file))?.results.environment.reportName;
    if (suite === undefined || isRun(name, suite)) continue;
    for (const place of [folder, join(folder, PREVIOUS)])
      for (const each of [file, `${name}.xml`]) rmSync(join(place, each), { force: true });
  }
}

/** Results are read again only when they have changed: those of other suites lie there the whole time. By what a file is, so that it is true for whoever asks. */
const known = new Map<string, { readonly version: string; readonly content: Ctrf | undefined }>();

function readResults(path: string): Ctrf | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return undefined;
  const version = `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
  const before = known.get(path);
  if (before?.version === version) return before.content;
  const content = parsed(readFileSync(path, "utf8"));
  known.set(path, { version, content });
  return content;
}

/** What another tool has written, or what is cut off, is no results of ours. */
function parsed(text: string): Ctrf | undefined {
  try {
    const found = JSON.parse(text) as Partial<Ctrf>;
    return found.generatedBy === "stackspec" && found.results !== undefined ? (found as Ctrf) : undefined;
  } catch {
    return undefined;
  }
}
