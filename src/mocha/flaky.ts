import type { Test } from "mocha";
import type { CaseRecord, RunRecord } from "./run-record.ts";
import { evidenceOf, isError, shownError } from "./evidence.ts";
import { suiteTitles } from "./titles.ts";

/** So many of them are listed; the report has them all. */
const LISTED = 20;

/** What a spec that is repeated has behind its title. */
const REPEATED = / \(\d+ of \d+\)$/;

/** Specs that have passed, but only when they were tried again. */
export function flakyCases({ suites }: RunRecord): CaseRecord[] {
  return [...suites.values()].flatMap(({ cases }) => [...cases.values()].filter(isFlaky));
}

/** Whether a spec passed only when it was tried again. */
export function isFlaky({ outcome, tries }: Pick<CaseRecord, "outcome" | "tries">): boolean {
  return outcome === "passed" && tries.length > 0;
}

/** "passed at try 3", behind the title of such a spec. */
export function triesOf({ tries }: Pick<CaseRecord, "tries">): string {
  return `passed at try ${tries.length + 1}`;
}

/** A heading, then each of them with what it failed with before; nothing when there are none. */
export function flakyLines(cases: readonly CaseRecord[]): string[] {
  const all = cases.map((each) => {
    const first = each.tries.map(firstLine).find((line) => line !== "");
    return [`    ${titleOf(each.test)}: ${triesOf(each)}`, ...(first === undefined ? [] : [`      ${first}`])];
  });
  return listed("flaky", all);
}

/** The same of specs that were repeated, have passed, and have failed: "failed 2 of 5 times". */
export function waveringLines({ suites }: RunRecord): string[] {
  const counts = new Map<string, { failed: number; ended: number }>();
  for (const { test, outcome } of [...suites.values()].flatMap(({ cases }) => [...cases.values()])) {
    if (!REPEATED.test(test.title) || (outcome !== "passed" && outcome !== "failed")) continue;
    const name = titleOf(test).replace(REPEATED, "");
    const { failed, ended } = counts.get(name) ?? { failed: 0, ended: 0 };
    counts.set(name, { failed: failed + Number(outcome === "failed"), ended: ended + 1 });
  }
  const wavering = [...counts].filter(([, { failed, ended }]) => failed > 0 && failed < ended);
  return listed(
    "wavering",
    wavering.map(([name, { failed, ended }]) => [`    ${name}: failed ${failed} of ${ended} times`]),
  );
}

function listed(word: string, all: readonly (readonly string[])[]): string[] {
  if (all.length === 0) return [];
  const more = all.length > LISTED ? [`    and ${all.length - LISTED} more`] : [];
  return [`  ${all.length} ${word}`, ...all.slice(0, LISTED).flat(), ...more, ""];
}

/** Why a run with such specs is red where nothing else is, in one line. */
export function flakyProblem(cases: readonly CaseRecord[]): string {
  const names = cases.slice(0, LISTED).map(({ test }) => titleOf(test));
  const more = cases.length > LISTED ? ` and ${cases.length - LISTED} more` : "";
  return `expected no flaky spec, got ${cases.length}: ${names.join(", ")}${more}`;
}

function titleOf(test: Test): string {
  return [...suiteTitles(test.parent!), test.title].join(" › ");
}

function firstLine(thrown: unknown): string {
  const death = evidenceOf(thrown)?.death;
  const shown = shownError(thrown);
  return (death ?? (isError(shown) ? shown.message : String(shown))).split("\n")[0]!;
}
