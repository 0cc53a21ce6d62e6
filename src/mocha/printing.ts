import { randomInt } from "node:crypto";
import mocha from "mocha";
import { visible } from "../terminal.ts";

/**
 * From now on what mocha's reporters print of specs — titles, messages, stack traces and differences — reaches the
 * terminal visibly, by the one function that they all print with. Mocha's colours are in its formats, but for those of a
 * difference, which are within the text: a number that nobody can guess, and no terminal heeds, tells them from a spec's.
 */
export function printVisibly(): void {
  const { Base } = mocha.reporters as unknown as { Base: MochaBase };
  if (Base.consoleLog.name === "logVisibly") return;
  const ours = randomInt(2 ** 47);
  for (const part of ["added", "removed", "added inline", "removed inline"])
    Base.colors[`diff ${part}`] = `${ours};${Base.colors[`diff ${part}`]}`;
  const coloured = new RegExp(String.raw`\\u001b\[${ours};([\d;]+m)([^\n]*?)\\u001b\[0m`, "g");
  const shown = (text: string): string => visible(text).replaceAll(coloured, "\u001b[$1$2\u001b[0m");
  const log = Base.consoleLog;
  Base.consoleLog = function logVisibly(format = "", ...values) {
    log(format, ...values.map((value) => (typeof value === "string" ? shown(value) : value)));
  };
}

/** What is not in mocha's types: https://github.com/mochajs/mocha/blob/v11.8.0/lib/reporters/base.js */
interface MochaBase {
  readonly colors: Record<string, string | number>;
  consoleLog(format?: string, ...values: unknown[]): void;
}
