import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Test } from "mocha";
import type { BrowserContext } from "playwright-core";
import type { EvidenceRecorder } from "../mocha/record-evidence.ts";
import { reportFile } from "../mocha/reporter.ts";
import { run } from "../mocha/run.ts";
import { isReplaceable } from "../report/write.ts";
import type { OpenPage } from "./open-page.ts";

/** A page that is busy has no picture; nobody waits longer than this for it, in milliseconds. */
const PICTURE_WITHIN_MS = 5_000;
const PICTURE = ".png";
const TRACE = ".trace.zip";

/** How many pages each spec has opened so far. Here, as each `useBrowser` of a spec opens one, and knows nothing of the others. */
const pages = new WeakMap<Test, number>();

/**
 * The beginning of the paths, in the folder of reports, of what a page of a spec may attach: the same in each run, and
 * another on another stack. What an earlier run has left there is removed.
 */
export function claimFiles(test: Test): string {
  const { stack, url, folders, reportPath } = run.config;
  const number = (pages.get(test) ?? 0) + 1;
  pages.set(test, number);
  const report = reportFile(reportPath, "specs");
  const folder = join(isReplaceable(report) ? dirname(report) : folders.reports, "attachments");
  const words = test.title.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const whole = [test.file, ...test.titlePath(), stack, url, number].join("\n");
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  const files = join(folder, [...words.slice(0, 10), digest].join("-"));
  for (const kind of [PICTURE, TRACE]) rmSync(`${files}${kind}`, { force: true });
  return files;
}

/** Notes what the pages of a context do. In `folder`, as what is written there goes also when this process is killed. */
export async function startTrace({ tracing }: BrowserContext, folder: string): Promise<void> {
  // Playwright would write to the folder of temporary files, and has no option for that where it is connected to a browser.
  Object.assign(tracing, { _tracesDir: folder });
  await tracing.start({ screenshots: true, snapshots: true });
}

/** What a failed spec carries of its page: all that it told, a screenshot and a trace. */
export async function attachmentsOf(
  { context, page, watch, files }: OpenPage,
  trace: boolean,
): Promise<Parameters<EvidenceRecorder["add"]>[0]> {
  mkdirSync(dirname(files), { recursive: true });
  const attached: string[] = [];
  const attach = async (path: string, make: (path: string) => Promise<unknown>): Promise<void> => {
    // A browser that has crashed has none; the spec's own error says so.
    await make(path).then(
      () => attached.push(path),
      () => {},
    );
  };
  await attach(`${files}${PICTURE}`, (path) => page.screenshot({ path, timeout: PICTURE_WITHIN_MS }));
  if (trace) await attach(`${files}${TRACE}`, (path) => context.tracing.stop({ path }));
  return { logs: [{ service: "browser", lines: [...watch.lines], atMs: [...watch.atMs] }], files: attached };
}
