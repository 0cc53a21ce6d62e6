import { glob } from "node:fs/promises";
import { join, sep } from "node:path";
import { usageError } from "../errors.ts";

/** The suite that talks to a target, and those that need an engine; all others need neither. */
export const TARGET_SUITE = "acceptance";
export const ENGINE_SUITES = ["integration", "drivers"];

const SPEC_FILES = "**/*.spec.{ts,js}";
/** Cheap suites first: they say in seconds what the others would say in a minute. Suites not named here come before the last two. */
const FIRST = ["checks", "unit"];
const LAST = [...ENGINE_SUITES, TARGET_SUITE];

/**
 * The spec files of a suite.
 *
 * @param mayBeNone that there are none is well
 * @throws StackspecError `USAGE` when it has none
 */
export async function specFiles(suite: string, mayBeNone = false): Promise<string[]> {
  const folder = join("specs", suite);
  const found = await Array.fromAsync(glob(SPEC_FILES, { cwd: folder }));
  if (found.length === 0 && !mayBeNone)
    throw usageError(`specs/${suite}`, `expected spec files (${SPEC_FILES}), got none`);
  return found.map((file) => join(folder, file)).toSorted();
}

/**
 * All suites, in the order in which they run: a suite is a folder under `specs/` that has spec files.
 *
 * @throws StackspecError `USAGE` when there is none
 */
export async function listSuites(): Promise<string[]> {
  const suites = new Set<string>();
  for await (const file of glob(SPEC_FILES, { cwd: "specs" })) if (file.includes(sep)) suites.add(file.split(sep)[0]!);
  if (suites.size === 0) throw usageError("specs", `expected folders with spec files (${SPEC_FILES}), got none`);
  const rank = (name: string): number =>
    FIRST.includes(name) ? FIRST.indexOf(name) : LAST.includes(name) ? 100 + LAST.indexOf(name) : 50;
  return [...suites].toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
