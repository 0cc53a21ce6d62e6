import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { usageError } from "../../errors.ts";
import type { Service } from "../../stack/stack.ts";
import type { Driver } from "../../stack/driver.ts";

/**
 * Makes sure that the client is there that a service's driver speaks by, when there will be something to say.
 *
 * @throws StackspecError `USAGE` with the versions that were expected and found, and how to add it
 */
export function checkClient({ name, options }: Service, { client, ask }: Driver): void {
  const isAsked = ask !== undefined && client?.toAsk !== false && options.ready === undefined;
  if (client === undefined || (!isAsked && options.reset !== undefined)) return;
  const expected = `${client.name}@^${client.from}`;
  const found = versionOf(client.name);
  if (found === undefined || !isFrom(client.from, found))
    throw usageError(name, `expected the package ${expected}, found ${found ?? "none"}: npm i -D ${expected}`);
}

function versionOf(client: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(findPackageJSON(client, import.meta.url)!, "utf8")) as {
      version: string;
    };
    return version;
  } catch {
    return undefined;
  }
}

/** True for a version of the same major one, and not before it. */
export function isFrom(first: string, version: string): boolean {
  const [expected, found] = [first, version].map((text) => text.split(/[.-]/).map(Number));
  if (expected![0] !== found![0]) return false;
  const at = expected!.findIndex((number, index) => number !== found![index]);
  return at < 0 || found![at]! > expected![at]!;
}
