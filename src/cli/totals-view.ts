import { readFailures, readTotals, totalsLine } from "../report/totals.ts";
import type { Failure, Totals } from "../report/totals.ts";
import { say } from "../terminal.ts";

/** So many failed specs are named at the end; the reports have them all. */
const MOST_NAMED = 20;

/** Says how each report has ended, and what failed. @param reports by the names of their suites @returns the totals of all */
export function sayTotals(reports: ReadonlyMap<string, string>): Totals {
  say("");
  for (const [name, report] of reports) say(`${name}: ${totalsLine(readTotals([report]))} (${report})`);
  listFailures(
    [...reports].flatMap(([name, report]) =>
      readFailures(report).map((failure) => ({ ...failure, name: `${name}: ${failure.name}` })),
    ),
  );
  return readTotals([...reports.values()]);
}

/** What failed, once more: of a long run's output people, and CI systems, often see the end only. */
function listFailures(failures: readonly Failure[]): void {
  if (failures.length > 0) say("");
  for (const { name, message } of failures.slice(0, MOST_NAMED)) say(`✘ ${name}\n    ${message}`);
  if (failures.length > MOST_NAMED) say(`✘ and ${failures.length - MOST_NAMED} more`);
}
