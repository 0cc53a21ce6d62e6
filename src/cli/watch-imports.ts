import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** What a module loads by a path from its own, statically or not, as a module of either kind. */
const IMPORTS = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

/** Those of these spec files that are this file, or import it, or what imports it: absolute paths. */
export async function importersOf(file: string, specs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    specs.map(async (spec) => ((await importedBy(resolve(spec))).has(resolve(file)) ? [resolve(spec)] : [])),
  );
  return found.flat();
}

/** The files that one loads by relative paths, itself among them. */
async function importedBy(top: string): Promise<ReadonlySet<string>> {
  const loaded = new Set([top]);
  for (const file of loaded) {
    const code = await readFile(file, "utf8").catch(() => "");
    for (const [, path] of code.matchAll(IMPORTS)) {
      const target = resolve(dirname(file), path!);
      // What is written as .js may be the .ts beside it.
      const candidates = [target, `${target}.ts`, `${target}.js`, target.replace(/\.([cm]?)js$/, ".$1ts")];
      const there = candidates.find((candidate) => /\.[cm]?[jt]sx?$/.test(candidate) && existsSync(candidate));
      if (there !== undefined) loaded.add(there);
    }
  }
  return loaded;
}
