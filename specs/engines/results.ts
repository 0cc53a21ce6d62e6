import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Dockerode from "dockerode";
import { XMLParser } from "fast-xml-parser";
import { engineName } from "../../src/engine/docker/answers.ts";
import { readFailures, readTotals } from "../../src/report/totals.ts";
import type { Failure } from "../../src/report/totals.ts";
import { REPORTS } from "./matrix.ts";
import type { Engine, Step } from "./matrix.ts";

/** Kept in the repository: who runs the specs on one engine leaves the others' results as they are. */
const FILE = join(import.meta.dirname, "results.json");

/** What was seen on one engine. */
export interface Seen {
  /** Its name and version, or why there is none. */
  readonly engine?: string;
  readonly missing?: string;
  readonly steps: Readonly<Record<string, Outcome>>;
}

/** How the specs of one step ended. */
export interface Outcome {
  /** The day, as in "2026-11-22". */
  readonly on: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** Names of specs that left themselves out. */
  readonly skipped: readonly string[];
}

export type Results = Readonly<Record<string, Seen>>;

export function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Results) : {};
}

/**
 * Notes the reports of these steps, as far as there are any.
 *
 * @param lastWords why there is no engine, where none has said its version
 */
export function noteResults({ name }: Engine, steps: readonly Step[], lastWords: string): void {
  const results = readResults();
  const before = results[name]?.steps ?? {};
  const seen = steps.flatMap((step) => {
    const report = join(REPORTS, name, `${step.name}.xml`);
    return existsSync(report) ? [[step.name, outcomeIn(report)] as const] : [];
  });
  const version = join(REPORTS, name, "version.json");
  const now: Seen = existsSync(version)
    ? { engine: engineOf(version), steps: { ...before, ...Object.fromEntries(seen) } }
    : { missing: lastWords, steps: {} };
  writeFileSync(FILE, `${JSON.stringify({ ...results, [name]: now }, undefined, 2)}\n`);
}

function engineOf(version: string): string {
  return engineName(JSON.parse(readFileSync(version, "utf8")) as Dockerode.DockerVersion);
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

interface Case {
  readonly name: string;
  readonly skipped?: unknown;
}

function outcomeIn(report: string): Outcome {
  const { testsuites } = parser.parse(readFileSync(report, "utf8")) as {
    testsuites: { testsuite?: { testcase?: Case[] }[] };
  };
  const cases = testsuites.testsuite?.flatMap(({ testcase }) => testcase ?? []) ?? [];
  return {
    on: new Date().toISOString().slice(0, 10),
    passed: readTotals([report]).passed,
    // Where this repository lies is nobody else's.
    failures: readFailures(report).map((each) => ({
      ...each,
      message: each.message.replaceAll(`${process.cwd()}/`, ""),
    })),
    skipped: cases.filter((each) => "skipped" in each).map(({ name }) => name),
  };
}
