// Prints the totals of JUnit reports, all together.
import { existsSync } from "node:fs";
import { readTotals, totalsLine } from "../src/report/totals.ts";

console.log(totalsLine(readTotals(process.argv.slice(2).filter((path) => existsSync(path)))));
