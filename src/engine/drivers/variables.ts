import { learnSecrets } from "../../secrets.ts";
import type { Driver } from "../../stack/driver.ts";

/** The variables that a driver reads and a container has under other names, or not at all: see `Driver.variables`. */
export function toldTo(
  { variables = {} }: Driver,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const told = Object.entries(variables).flatMap(([name, value]) => {
    const found = typeof value === "string" ? value : environment[value.variable];
    return found === undefined ? [] : [[name, found] as const];
  });
  const found = Object.fromEntries(told);
  learnSecrets(found);
  return found;
}
