import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { relative, resolve } from "node:path";
import { types } from "node:util";
import { fileURLToPath, pathToFileURL } from "node:url";
import { StackspecError, messageOf, usageError } from "./errors.ts";

/** Endings of files that Node imports as they are. */
const EXTENSIONS = ["ts", "mts", "cts", "js", "mjs", "cjs"];
const require = createRequire(import.meta.url);

/**
 * The file of this name in the working directory, with any ending that Node imports; undefined when there is none.
 *
 * @throws StackspecError `USAGE` when there are several
 */
export function findModule(name: string): string | undefined {
  const found = EXTENSIONS.map((extension) => `${name}.${extension}`).filter((file) => existsSync(file));
  if (found.length > 1) throw usageError(name, `expected one file, got ${found.join(" and ")}`);
  return found[0];
}

/**
 * Imports a file of the project's, whatever its kind.
 *
 * @throws StackspecError `USAGE` with the place in the file, when it cannot be loaded or throws
 */
export async function importModule(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (error) {
    throw loadError(path, error);
  }
}

/**
 * The same at once, for what is needed before anything can wait. Such a file cannot use `await` outside of functions.
 *
 * @throws StackspecError `USAGE`, as `importModule`
 */
export function requireModule(path: string): { readonly default?: unknown } {
  try {
    const loaded = require(resolve(path)) as { default?: unknown };
    // A module of CommonJS is what it exports.
    return types.isModuleNamespaceObject(loaded) || loaded.default !== undefined ? loaded : { default: loaded };
  } catch (error) {
    throw loadError(path, error);
  }
}

/** Whoever wrote the file wants to know where in it, and not how we came there. */
export function loadError(path: string, error: unknown): StackspecError {
  if (error instanceof StackspecError) return error;
  const name = error instanceof Error ? `${error.name}: ` : "";
  const [text] = messageOf(error).trim().split("\n");
  const place = placeIn(error instanceof Error ? error.stack : undefined) ?? placeOfSyntax(path, error) ?? path;
  return usageError(place, `expected a file that can be loaded, got ${name}${text}`, error);
}

/** "specs/stacks/shop.ts:3": the first place in a stack trace that is neither ours nor another package's. */
function placeIn(stack = ""): string | undefined {
  for (const [, file, line] of stack.matchAll(/(?:^|[\s(])(file:\/\/\/\S+?|\/\S+?):(\d+)(?::\d+)?\)?$/gm)) {
    const path = file!.startsWith("file:") ? fileURLToPath(file!) : file!;
    if (path === import.meta.filename) return undefined; // Whoever called us has nothing to do with it.
    if (path.startsWith(`${import.meta.dirname}/`) || path.includes("/node_modules/")) continue;
    const fromHere = relative(process.cwd(), path);
    return `${fromHere.startsWith("../") ? path : fromHere}:${line}`;
  }
  return undefined;
}

/** The same for JavaScript that does not parse: of that Node tells the place only where it ends the process. */
function placeOfSyntax(path: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const words = ["--input-type=module", "--eval", `await import(${JSON.stringify(pathToFileURL(resolve(path)).href)})`];
  const { stderr } = spawnSync(process.execPath, [...process.execArgv, ...words], {
    encoding: "utf8",
    timeout: 10_000,
  });
  return placeIn(stderr);
}
