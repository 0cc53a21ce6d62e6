import { randomInt } from "node:crypto";
import mocha from "mocha";
import { visible } from "../terminal.ts";

/**
 * From now on what mocha's reporters print of specs — titles, messages, stack traces and differences — reaches the
 * terminal visibly, by the one function that they all print with. Mocha's colours are in its formats, but for those of a
 * difference and of the message above it, which are within the text: a number that nobody can guess tells them from a spec's.
 */
export function printVisibly(): void {
  const { Base } = mocha.reporters as unknown as { Base: MochaBase };
  if (Base.consoleLog.name === "logVisibly") return;
  const ours = randomInt(2 ** 47);
  for (const part of ["error message", "diff added", "diff removed", "diff added inline", "diff removed inline"])
    Base.colors[part] = `${ours};${Base.colors[part]}`;
  const coloured = new RegExp(String.raw`\\u001b\[${ours};([\d;]+m)([^]*?)\\u001b\[0m`, "g");
  const shown = (text: string): string => visible(text).replaceAll(coloured, "\u001b[$1$2\u001b[0m");
  const log = Base.consoleLog;
  Base.consoleLog = function logVisibly(format = "", ...values) {
    log(
      format.replaceAll(`\u001b[${ours};`, "\u001b["),
      ...values.map((value) => (typeof value === "string" ? shown(value) : value)),
    );
  };
}

/** What is not in mocha's types: https://github.com/mochajs/mocha/blob/v11.8.0/lib/reporters/base.js */
interface MochaBase {
  readonly colors: Record<string, string | number>;
  consoleLog(format?: string, ...values: unknown[]): void;
}
