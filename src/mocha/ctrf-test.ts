import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, extname, relative } from "node:path";
import mocha from "mocha";
import type { Test } from "mocha";
import type { CtrfAttempt, CtrfStatus, CtrfTest, CtrfTestExtra } from "../report/ctrf.ts";
import { NO_SPEC_REACHED, RUN_ENDS_WELL, WHOLE_FILE } from "../report/junit.ts";
import type { Outcome } from "../report/junit.ts";
import { plainText } from "../report/text.ts";
import { evidenceOf, isError, shownError } from "./evidence.ts";
import type { CaseRecord } from "./run-record.ts";
import { suiteTitles } from "./titles.ts";

/** How many lines of the spec file are shown on both sides of the one that failed. */
const SNIPPET_LINES = 4;
/** How many characters of a message, a trace or one side of a difference are stored. */
const TEXT_LENGTH = 64 * 1024;

const CONTENT_TYPES: Readonly<Record<string, string>> = { ".png": "image/png", ".zip": "application/zip" };

const STATUS: Record<Outcome, CtrfStatus> = {
  passed: "passed",
  failed: "failed",
  error: "failed",
  skipped: "skipped",
  running: "other",
  unfinished: "other",
};

/** A spec, or a hook that failed, as CTRF has it. All its texts are masked. */
export function ctrfTest(
  { test, outcome, error, blockedBy, tries, startedAt, endedAt }: CaseRecord,
  withEvidence: boolean,
): CtrfTest {
  const filePath = test.file === undefined ? undefined : relative(process.cwd(), test.file);
  const name = plainText(test.title);
  const suite = suiteTitles(test.parent!).map((title) => plainText(title));
  const duration = Math.round(test.duration ?? 0);
  const isFlaky = outcome === "passed" && tries.length > 0;
  const told = error === undefined ? undefined : errorOf(test, error, blockedBy);
  const seen = evidenceOf(error);
  const start = seen?.fromMs ?? startedAt;
  const place = told?.trace === undefined ? undefined : placeOf(test, told.trace);
  return {
    testId: createHash("sha256")
      .update([filePath, ...suite, name].join("\n"))
      .digest("hex")
      .slice(0, 12),
    name,
    status: STATUS[outcome],
    rawStatus: outcome,
    duration,
    ...(start === undefined ? {} : { start, stop: seen?.untilMs ?? endedAt ?? Date.now() }),
    // Its schema has no empty ones.
    ...(suite.length === 0 ? {} : { suite }),
    ...(filePath === undefined ? {} : { filePath }),
    ...told,
    ...place,
    ...(tries.length === 0 ? {} : { retries: tries.length, retryAttempts: attempts(test, tries), flaky: isFlaky }),
    ...evidence(error, blockedBy !== undefined, withEvidence),
  };
}

function attempts(test: Test, tries: readonly unknown[]): CtrfAttempt[] {
  return tries.map((thrown, index) => ({ attempt: index + 1, status: "failed", ...errorOf(test, thrown) }));
}

function errorOf(test: Test, error: unknown, blockedBy?: Error): { message: string; trace?: string } {
  const shown = shownError(error);
  if (!isError(shown)) return { message: plainText(`thrown, though no error: ${String(shown)}`, TEXT_LENGTH) };
  if (blockedBy !== undefined) return { message: plainText(`blocked: ${blockedBy.message.split("\n")[0]}`) };
  const trace =
    typeof shown.stack === "string" && shown.stack !== "" ? { trace: plainText(shown.stack, TEXT_LENGTH) } : {};
  return { message: plainText(shown.message, TEXT_LENGTH), ...trace };
}

/** The line of the spec file where it failed, and those around it. */
function placeOf(test: Test, trace: string): { line?: number; snippet?: string } {
  const { file } = test;
  if (file === undefined) return {};
  const frame = trace.split("\n").find((each) => /^\s+at /.test(each) && each.includes(`${file}:`));
  const line = Number(/:(\d+):\d+\)?$/.exec(frame?.trim() ?? "")?.[1]);
  if (!Number.isInteger(line)) return {};
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const from = Math.max(1, line - SNIPPET_LINES);
    const shown = lines.slice(from - 1, line + SNIPPET_LINES).map((text, index) => {
      const number = from + index;
      return `${number === line ? ">" : " "} ${String(number).padStart(4)} | ${text}`;
    });
    return { line, snippet: plainText(shown.join("\n"), TEXT_LENGTH) };
  } catch {
    return { line };
  }
}

function evidence(error: unknown, blocked: boolean, wanted: boolean): Pick<CtrfTest, "attachments" | "extra"> {
  if (error === undefined) return {};
  if (blocked) return { extra: { blocked } };
  const found = evidenceOf(error);
  const differs = differenceOf(shownError(error));
  const seen: CtrfTestExtra = wanted
    ? { exchanges: found?.exchanges, logs: found?.logs.filter(({ lines }) => lines.length > 0).map(plainLines) }
    : { leftOut: true };
  return {
    ...(found === undefined ? {} : { attachments: found.attachments.map(attachment) }),
    extra: { ...differs, ...(found === undefined ? {} : seen) },
  };
}

function plainLines<L extends { readonly lines: readonly string[] }>(log: L): L {
  return { ...log, lines: log.lines.map((line) => plainText(line)) };
}

function attachment(path: string) {
  return { name: basename(path), contentType: CONTENT_TYPES[extname(path)] ?? "text/plain", path };
}

/** Both sides of a difference, where the error has them. */
function differenceOf(error: unknown): Pick<CtrfTestExtra, "expected" | "actual"> {
  if (!isError(error)) return {};
  const { expected, actual, showDiff } = error as { expected?: unknown; actual?: unknown; showDiff?: unknown };
  if (expected === undefined || showDiff === false) return {};
  return { expected: sideOf(expected), actual: sideOf(actual) };
}

function sideOf(value: unknown): string {
  return plainText(typeof value === "string" ? value : mocha.utils.stringify(value), TEXT_LENGTH);
}

/** Specs of a file that a parallel worker has not reported on. */
export function missingFile(path: string): CtrfTest {
  const filePath = relative(process.cwd(), path);
  return {
    testId: filePath,
    name: WHOLE_FILE,
    status: "other",
    rawStatus: "unfinished",
    duration: 0,
    filePath,
  };
}

/** What is wrong with a run and with none of its specs. */
export function problemOf(suite: string, why: string, hasBegun: boolean): CtrfTest {
  const name = hasBegun ? RUN_ENDS_WELL : NO_SPEC_REACHED;
  const message = plainText(why);
  return { testId: name, name, status: "failed", rawStatus: "error", duration: 0, suite: [suite], message };
}
