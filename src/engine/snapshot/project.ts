import { readFileSync } from "node:fs";

/**
 * What the project in the working directory is called: the same in each of its checkouts, while others may have stacks of the
 * same names. Empty where no package.json says so.
 */
export function projectName(): string {
  try {
    const { name } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly name?: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}
