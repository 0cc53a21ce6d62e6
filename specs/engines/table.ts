import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ENGINES, STEPS } from "./matrix.ts";
import type { Engine, Step } from "./matrix.ts";
import { readResults } from "./results.ts";
import type { Outcome, Results } from "./results.ts";

const PAGE = join("docs", "engines.md");
/** What is between these two in the page is written here. */
const [BEGIN, END] = ["<!-- by npm run engines -->", "<!-- end -->"];

/** Writes the table of all results that are noted into the page. Returns how many specs failed. */
export function writeTable(): number {
  const results = readResults();
  const outcomes = ENGINES.flatMap(({ name }) =>
    STEPS.flatMap((step) => {
      const outcome = results[name]?.steps[step.name];
      return outcome === undefined ? [] : [{ where: `${name}, ${step.name}`, outcome }];
    }),
  );
  const titles = ["specs", ...ENGINES.map((engine) => titleOf(results, engine))];
  const rows = STEPS.map((step) => [
    `${step.name}: ${step.what}`,
    ...ENGINES.map((engine) => cellOf(results, engine, step)),
  ]);
  const table = [titles, titles.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const days = outcomes.map(({ outcome }) => outcome.on).toSorted();
  const failed = listOf("What failed:", outcomes, ({ failures }) =>
    failures.map(({ name, message }) => `${name}: ${message.slice(0, 200)}`),
  );
  const skipped = listOf(
    "What left itself out, for what engines do otherwise:",
    outcomes,
    (outcome) => outcome.skipped,
  );
  const text = [table, `The first of these is of ${days[0]}, the last of ${days.at(-1)}.`, failed, skipped];
  const written = text.filter((part) => part !== "").join("\n\n");
  const page = readFileSync(PAGE, "utf8");
  const [before] = page.split(BEGIN);
  const [, after] = page.split(END);
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${written}\n\n${END}${after}`);
  console.log(`\n${written}\n\n${PAGE}`);
  return outcomes.reduce((sum, { outcome }) => sum + outcome.failures.length, 0);
}

function listOf(
  title: string,
  outcomes: readonly { readonly where: string; readonly outcome: Outcome }[],
  linesOf: (outcome: Outcome) => readonly string[],
): string {
  const lines = outcomes.flatMap(({ where, outcome }) => linesOf(outcome).map((line) => `- ${where}: ${line}`));
  return lines.length === 0 ? "" : `${title}\n\n${lines.join("\n")}`;
}

function titleOf(results: Results, { name, what }: Engine): string {
  return `${name}: ${results[name]?.engine ?? ""} ${what}`;
}

function cellOf(results: Results, { name }: Engine, step: Step): string {
  const { missing, steps } = results[name] ?? {};
  const why = missing ?? step.without?.[name];
  if (why !== undefined) return `not run: ${why}`;
  const outcome = steps?.[step.name];
  if (outcome === undefined) return "not run yet";
  const { passed, failures, skipped } = outcome;
  const counts = { passed, failed: failures.length, "left out": skipped.length };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");
}
