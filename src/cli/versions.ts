// This file is read by any Node from 16 on, to say that it is too old: no newer syntax, and nothing imported that has any.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Packages that have to be there once in a process, beside stackspec. Others are looked for when they are used. */
const PEERS = ["mocha", "chai", "testcontainers"];

const require = createRequire(import.meta.url);
const readManifest = (path: string | URL): Manifest => JSON.parse(readFileSync(path, "utf8")) as Manifest;

/**
 * What is there in a version that does not fit, or not at all.
 *
 * @returns one line with both versions; undefined when all fit
 */
export function unfit(nodeVersion = process.versions.node): string | undefined {
  const { engines, peerDependencies } = readManifest(new URL("../../package.json", import.meta.url));
  if (!satisfies(nodeVersion, engines.node))
    return `USAGE: node: expected Node ${engines.node}, got ${nodeVersion} — https://nodejs.org has it`;
  for (const name of PEERS) {
    const range = peerDependencies[name] ?? "";
    const found = versionOf(name);
    if (found === undefined)
      return `USAGE: ${name}: expected ${range} in the project, got none — npm install --save-dev ${name}`;
    if (!satisfies(found, range))
      return `USAGE: ${name}: expected ${range}, got ${found} — npm install --save-dev "${name}@${range}"`;
  }
  return undefined;
}

/** What is there of Node and of the packages that have to be, or may have to be. */
export function packageVersions() {
  const { engines, peerDependencies } = readManifest(new URL("../../package.json", import.meta.url));
  const neededBy: Readonly<Record<string, string>> = {
    pg: "PostgreSQL",
    "playwright-core": "useBrowser()",
    redis: "a reset of Redis or Valkey",
  };
  const packages = Object.entries(peerDependencies).map(([name, range]) => ({ name, range, found: versionOf(name) }));
  return [{ name: "node", range: engines.node, found: process.versions.node }, ...packages].map((each) => ({
    ...each,
    fits: each.found !== undefined && satisfies(each.found, each.range),
    ...(neededBy[each.name] && { neededBy: neededBy[each.name]! }),
  }));
}

/** Whether a version is in a range of the form `>=22.22`, `^11.8.0` or `^11.8.0 || ^12.0.0`. */
export function satisfies(version: string, range: string): boolean {
  return range.split("||").some((part) => {
    const least = numbersOf(part);
    const given = numbersOf(version);
    if (part.includes("^") && given[0] !== least[0]) return false;
    const index = least.findIndex((number, place) => number !== given[place]);
    return index < 0 || given[index]! > least[index]!;
  });
}

function numbersOf(text: string): number[] {
  const [, major, minor, patch] = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text)!;
  return [major, minor, patch].map((part) => Number(part ?? 0));
}

function versionOf(name: string): string | undefined {
  try {
    return readManifest(require.resolve(`${name}/package.json`)).version;
  } catch {
    return undefined;
  }
}
