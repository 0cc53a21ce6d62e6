import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { usageError } from "../errors.ts";
import { stackNames } from "../mocha/target.ts";
import { runConfig } from "../mocha/run.ts";
import { reportFile } from "../mocha/reporter.ts";
import { readFailures, readTotals, totalsLine } from "../report/totals.ts";
import type { Failure } from "../report/totals.ts";

/** Cheap suites first: they say in seconds what the others would say in a minute. Folders not named here come before the last two. */
const ORDER = ["checks", "unit"];
const LAST = ["integration", "acceptance"];

/** So many failed specs are named at the end; the reports have them all. */
const MOST_NAMED = 20;

interface SuiteRun {
  readonly name: string;
  readonly suite: string;
  readonly report: string;
  readonly environment: Record<string, string>;
}

/**
 * Runs every suite under `specs/`, each in a process and with a report of its own; the acceptance
 * specs once for each stack, unless `STACK` or `URL` names one. Ends with what failed and the totals of all reports.
 *
 * @returns the exit code: 0, the signal's when stopped by one, else that of the first red suite
 */
export async function runAllSuites(words: readonly string[]): Promise<number> {
  const done: SuiteRun[] = [];
  let exitCode = 0;
  for (const run of await plan()) {
    console.log(`\n── ${run.name} ${"─".repeat(40)}`);
    const code = await runOne(run, words);
    exitCode ||= code;
    done.push(run);
    if (code >= 128) break;
  }
  console.log("");
  for (const { name, report } of done) console.log(`${name}: ${totalsLine(readTotals([report]))} (${report})`);
  listFailures(
    done.flatMap(({ name, report }) =>
      readFailures(report).map((failure) => ({ ...failure, name: `${name}: ${failure.name}` })),
    ),
  );
  // The last line is for machines: CI systems take the result from it.
  console.log(`\n${totalsLine(readTotals(done.map(({ report }) => report)))}`);
  return exitCode;
}

/** What failed, once more: of a long run's output people, and CI systems, often see the end only. */
function listFailures(failures: readonly Failure[]): void {
  if (failures.length > 0) console.log("");
  for (const { name, message } of failures.slice(0, MOST_NAMED)) console.log(`✘ ${name}\n    ${message}`);
  if (failures.length > MOST_NAMED) console.log(`✘ and ${failures.length - MOST_NAMED} more`);
}

async function plan(): Promise<SuiteRun[]> {
  const config = runConfig();
  const entries = await readdir("specs", { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((entry) => entry.isDirectory() && !["stacks", "pipelines", "bench"].includes(entry.name))
    .map(({ name }) => name);
  if (folders.length === 0) throw usageError("specs", "expected folders with spec files, got none");
  const rank = (name: string): number =>
    ORDER.includes(name) ? ORDER.indexOf(name) : LAST.includes(name) ? 100 + LAST.indexOf(name) : 50;
  const suites = folders.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const stacks =
    config.stack === undefined && config.url === undefined && config.engine !== "none"
      ? await stackNames()
      : [undefined];

  return suites.flatMap((suite) => {
    const targets = suite === "acceptance" ? stacks : [undefined];
    return targets.map((stack) => {
      const name = stack === undefined ? suite : `${suite}-${stack}`;
      return {
        name,
        suite,
        report: oneOfMany(config.reportPath, name),
        environment: stack === undefined ? {} : { STACK: stack },
      };
    });
  });
}

/** Several reports cannot share a file: `ci.xml` becomes `ci-unit.xml`, and so on. */
function oneOfMany(configured: string | undefined, name: string): string {
  const file = reportFile(configured, name);
  const extension = extname(file);
  return file === configured ? `${file.slice(0, file.length - extension.length)}-${name}${extension}` : file;
}

function runOne({ suite, report, environment }: SuiteRun, words: readonly string[]): Promise<number> {
  const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, "run", suite, ...words], {
    env: { ...process.env, ...environment, JUNIT_REPORT_PATH: report },
    // The channel is how a suite learns that this process is gone.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // A terminal tells the whole group; a `kill` tells only us.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => {};
  process.on("SIGTERM", pass).on("SIGHUP", pass).on("SIGINT", ignore);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      process.off("SIGTERM", pass).off("SIGHUP", pass).off("SIGINT", ignore);
      resolve(code ?? 1);
    });
  });
}
