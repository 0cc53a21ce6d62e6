// Prints what failed in JUnit reports, and their totals, all together: the end of a long log names each failure again.
import { existsSync } from "node:fs";
import { readFailures, readTotals, totalsLine } from "../src/report/totals.ts";

const reports = process.argv.slice(2).filter((path) => existsSync(path));
for (const report of reports) {
  for (const { name, message } of readFailures(report)) console.log(`${report}: ${name}\n  ${message}`);
}
console.log(totalsLine(readTotals(reports)));
