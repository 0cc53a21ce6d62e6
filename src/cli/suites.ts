import { glob } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Config } from "../config/config.ts";
import type { SuiteConfig } from "../config/project-config.ts";
import { usageError } from "../errors.ts";

/** What a project has told of its folders and suites. */
export type Project = Pick<Config, "folders" | "suites">;

const SPEC_FILES = "**/*.spec.{ts,mts,cts,js,mjs,cjs}";
/** Cheap suites first: they say in seconds what the others would say in a minute. */
const NEEDS = ["nothing", "engine", "target"] as const;
/** What suites of these names need, in the order in which they run, unless the project says otherwise. */
const USUAL = new Map<string, (typeof NEEDS)[number]>([
  ["checks", "nothing"],
  ["unit", "nothing"],
  ["integration", "engine"],
  ["acceptance", "target"],
]);

/** A suite as the project has it, with what it left unsaid, and whether it or its name says what it needs. */
export function suiteOf(
  { suites }: Project,
  name: string,
): SuiteConfig & Required<Pick<SuiteConfig, "needs" | "test">> & { readonly isSaid: boolean } {
  const own = Object.hasOwn(suites, name) ? suites[name] : undefined;
  const isSaid = USUAL.has(name) || own?.needs !== undefined;
  return { needs: USUAL.get(name) ?? "nothing", test: true, ...own, isSaid };
}

/** The suite that `stackspec start` runs: the first that the project says needs a target, else `acceptance`. */
export function targetSuite(project: Project): string {
  return Object.keys(project.suites).find((name) => suiteOf(project, name).needs === "target") ?? "acceptance";
}

/**
 * The spec files of a suite.
 *
 * @param mayBeNone that there are none is well
 * @throws StackspecError `USAGE` when it has none
 */
export async function specFiles({ folders }: Project, suite: string, mayBeNone = false): Promise<string[]> {
  const folder = join(folders.specs, suite);
  const found = await Array.fromAsync(glob(SPEC_FILES, { cwd: folder }));
  if (found.length === 0 && !mayBeNone)
    throw usageError(`${folders.specs}/${suite}`, `expected spec files (${SPEC_FILES}), got none`);
  return found.map((file) => join(folder, file)).toSorted();
}

/**
 * All suites, in the order in which they run: by what they need, then as the project names them, then by name.
 * A suite is a folder in the folder of specs that has spec files.
 *
 * @throws StackspecError `USAGE` when there is none
 */
export async function listSuites(project: Project): Promise<string[]> {
  const { specs } = project.folders;
  const suites = new Set<string>();
  for await (const file of glob(SPEC_FILES, { cwd: specs })) if (file.includes(sep)) suites.add(file.split(sep)[0]!);
  if (suites.size === 0) throw usageError(specs, `expected folders with spec files (${SPEC_FILES}), got none`);
  const named = Object.keys(project.suites);
  const missing = named.find((name) => !suites.has(name));
  if (missing !== undefined)
    throw usageError(
      "suites",
      `expected one of ${[...suites].toSorted().join(", ")}, got "${missing}", which has no spec files`,
    );
  const order = [...named, ...USUAL.keys()];
  const rank = (name: string): readonly [need: number, place: number] => {
    const place = order.indexOf(name);
    return [NEEDS.indexOf(suiteOf(project, name).needs), place < 0 ? order.length : place];
  };
  return [...suites].toSorted((a, b) => {
    const [[needA, placeA], [needB, placeB]] = [rank(a), rank(b)];
    return needA - needB || placeA - placeB || a.localeCompare(b);
  });
}
