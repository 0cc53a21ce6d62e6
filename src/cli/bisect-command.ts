import { statSync } from "node:fs";
import { readConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { readOption } from "../config/selection.ts";
import { usageError } from "../errors.ts";
import { reportFile } from "../mocha/reporter.ts";
import { onEndSignals } from "../signals.ts";
import { storedResults } from "../mocha/choice.ts";
import { ctrfFile } from "../report/ctrf.ts";
import type { Ctrf } from "../report/ctrf.ts";
import { isHook, words } from "../report/failed-specs.ts";
import { readStored } from "../report/page-file.ts";
import { say } from "../terminal.ts";
import { TooManyRuns, bisectRuns, isRed } from "./bisect-runs.ts";
import type { BisectRuns, Spec } from "./bisect-runs.ts";
import type { Given } from "./command.ts";
import { halve } from "./halve.ts";
import { withSelection } from "./selection-words.ts";
import { listSuites } from "./suites.ts";
import { planSuites } from "./test-command.ts";

/** How often a spec runs alone, and with the smallest that it fails after, before anything is said of it. */
const TIMES = 5;
/** How many runs there are at most. */
const MOST_RUNS = 50;
/** Of so many specs a command still shows the titles. */
const SHOWN = 10;

/** What is bisected: a spec, and how its suite ran when it failed. */
interface Found {
  readonly spec: Spec;
  readonly config: Config;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * `stackspec bisect`: finds the specs after which a spec fails, and tells such a spec from one that fails alone, and from one that
 * fails at times.
 *
 * @returns the exit code: 0 when that is known, 1 when it does not fail
 */
export async function bisect(given: Given): Promise<number> {
  const [suite = "", title] = given.words;
  const { spec, config, environment } = await findSpec(withSelection(readConfig(), given), suite, title);
  const times = readOption("times", given.values.get("times")) ?? TIMES;
  const most = readOption("runs", given.values.get("runs")) ?? MOST_RUNS;
  const ending = new AbortController();
  let signalCode: number | undefined;
  onEndSignals((_, code) => {
    signalCode = code;
    ending.abort();
  });
  const { seed } = config.selection;
  say(`${nameOf(spec)}${seed === undefined ? "" : `, in the order of --seed ${seed}`}`);
  const runs = bisectRuns({ spec, suite, config, environment, mocha: given.mocha, most, signal: ending.signal });
  try {
    const found = await look(runs, times);
    if (typeof found === "string") say(`\n${found}`);
    else sayCommand(found, { spec, suite, config, environment, chosenFile: runs.chosenFile });
    return typeof found === "string" && found.startsWith(UNKNOWN) ? 1 : 0;
  } catch (error) {
    if (signalCode !== undefined) return signalCode;
    if (!(error instanceof TooManyRuns)) throw error;
    throw usageError(
      "--runs",
      `expected more than ${most}: ${runs.count} have not told whether it fails alone, or after all others`,
      error,
    );
  }
}

const UNKNOWN = "It has not failed";

/** The specs after which it fails, or what is known of it instead. */
async function look(runs: BisectRuns, times: number): Promise<string | { before: readonly Spec[]; remark: string }> {
  const alone = await failures(runs, [], times);
  if (alone > 0 && alone < times) return waverLine("alone", alone, times);
  if (alone > 0)
    return { before: [], remark: `It fails alone, ${alone} of ${times} times: it needs no other spec for that.` };
  const { before, fails } = await runs.all();
  let smallest = before;
  const failsAfter = async (part: readonly Spec[]): Promise<boolean> => {
    const isRedNow = await runs.fails(part);
    if (isRedNow) smallest = part;
    return isRedNow;
  };
  // What fails after them once only is not found by halving.
  if (!fails || !(await runs.fails(before))) {
    const after = Number(fails) + (await failures(runs, before, times));
    if (after === 0)
      return `${UNKNOWN} alone, and not after all others, ${times + 1} times: what it depends on is not here.`;
    if (fails || after < times) return waverLine("after all others", after, times + 1 + Number(fails));
  }
  try {
    // Whole files first: most of what is not to blame goes with few runs.
    const files = [...new Set(before.map(({ filePath }) => filePath))];
    const ofFiles = (part: readonly (string | undefined)[]): Spec[] =>
      before.filter(({ filePath }) => part.includes(filePath));
    await halve(files, (part) => failsAfter(ofFiles(part)));
    await halve(smallest, failsAfter);
    const again = await failures(runs, smallest, times);
    return { before: smallest, remark: `It fails after these, ${again} of ${times} times:` };
  } catch (error) {
    if (!(error instanceof TooManyRuns)) throw error;
    const remark = `It fails after these, which may not be the fewest: ${runs.count} runs have not told. More of them: --runs`;
    return { before: smallest, remark };
  }
}

async function failures(runs: BisectRuns, before: readonly Spec[], times: number): Promise<number> {
  let count = 0;
  for (let time = 0; time < times; time += 1) if (await runs.fails(before)) count += 1;
  return count;
}

function waverLine(how: string, count: number, times: number): string {
  return `It fails ${how} ${count} of ${times} times: it depends on time or chance, and not on which specs run before it.`;
}

/** What was found, and the shortest command that repeats it. */
function sayCommand(
  { before, remark }: { readonly before: readonly Spec[]; readonly remark: string },
  { spec, suite, config, environment, chosenFile }: Found & { readonly suite: string; readonly chosenFile: string },
): void {
  const all = [...before, spec];
  const files = [...new Set(all.map(({ filePath }) => filePath))];
  const titles = all.map(({ suite: above = [], name }) => escaped([...above, name].join(" ")));
  const chosen =
    all.length > SHOWN
      ? ["--last-failed", chosenFile]
      : [...files.map((file) => quoted(file ?? "")), "--grep", quoted(`^(${titles.join("|")})$`)];
  const { seed } = config.selection;
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)} `);
  const order = seed === undefined ? [] : ["--seed", `${seed}`];
  say(`\n${remark}`);
  for (const each of before.slice(0, SHOWN)) say(`  ${nameOf(each)}`);
  if (before.length > SHOWN) say(`  and ${before.length - SHOWN} more`);
  say(`\n${settings.join("")}npx stackspec run ${[suite, ...chosen, ...order].join(" ")}`);
}

/**
 * The spec of the last run of a suite that is meant: of these titles, or the first that failed.
 *
 * @throws StackspecError `USAGE` when there is no such run, no such spec, or more than one
 */
async function findSpec(config: Config, suite: string, title: string | undefined): Promise<Found> {
  const plans = (await planSuites(config, await listSuites(config))).filter((plan) => plan.suite === suite);
  const own = { report: reportFile(config.reportPath, suite), environment: {} };
  const stored = [own, ...plans].flatMap(({ report, environment }) => {
    const path = storedResults(report);
    const [results] = readStored(path === undefined ? [] : [path]);
    return path === undefined || results === undefined
      ? []
      : [{ results, environment, path, atMs: statSync(path).mtimeMs }];
  });
  const [last] = stored.toSorted((a, b) => b.atMs - a.atMs);
  if (last === undefined)
    throw usageError(
      "stackspec bisect",
      `expected results of a run in ${ctrfFile(own.report)}: stackspec run ${suite}`,
    );
  const spec = specIn(last.results, title, last.path);
  const { seed } = last.results.results.environment.extra.properties;
  const isGiven = config.selection.seed !== undefined || seed === undefined;
  const selection = isGiven ? config.selection : { ...config.selection, order: "random" as const, seed: Number(seed) };
  return { spec, config: { ...config, selection }, environment: last.environment };
}

function specIn({ results }: Ctrf, title: string | undefined, path: string): Spec {
  const specs = results.tests.filter(({ name }) => !isHook(name));
  const called = title === undefined ? specs.filter(isRed).slice(0, 1) : specs.filter((each) => isCalled(each, title));
  const exact = called.filter((each) => words(nameIn(each)) === words(title ?? ""));
  const only = [called.filter(isRed), exact, called].find((found) => found.length === 1);
  if (only !== undefined) return only[0]!;
  const wanted = title === undefined ? "a spec that failed" : `one spec called "${title}"`;
  const got = called.length === 0 ? "none" : called.slice(0, SHOWN).map(nameIn).join(", ");
  throw usageError("stackspec bisect", `expected ${wanted} in ${path}, got ${got}`);
}

function isCalled(spec: Spec, title: string): boolean {
  return ` ${words(nameIn(spec))} `.includes(` ${words(title)} `);
}

function nameIn({ suite = [], name }: Spec): string {
  return [...suite, name].join(" › ");
}

function nameOf(spec: Spec): string {
  return `${nameIn(spec)} (${spec.filePath})`;
}

/** A title as part of a pattern. */
function escaped(title: string): string {
  return title.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/** A word as shells read it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
