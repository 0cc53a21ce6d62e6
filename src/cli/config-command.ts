import { listSettings } from "../config/config.ts";
import { say } from "../terminal.ts";

/** `stackspec config`. */
export function showSettings(): void {
  const rows = listSettings().map(({ name, value, source }) => [name, source, shown(value)] as const);
  const [names, sources] = ([0, 1] as const).map((column) => Math.max(...rows.map((row) => row[column].length)));
  for (const [name, source, value] of rows)
    say(`${name.padEnd(names!)}  ${source.padEnd(sources!)}  ${value}`.trimEnd());
}

/** As a config file would have it, in one line; nothing for what has no value. */
function shown(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
