import mocha from "mocha";
import type { Runner, Suite, Test } from "mocha";

type Listener = (about: Suite | Test, error?: unknown) => void;
type Words = readonly unknown[];

/** What is known of specs when their lines are printed. */
interface Known {
  /** A failure that only repeats another one. */
  isRepeated(test: Test, error: unknown): boolean;
  /** What follows the title of a spec that has passed; "" when nothing does. */
  remark(test: Test): string;
}

/**
 * Of the lines that mocha's spec reporter prints while specs run, leaves out those of failures that only repeat another one,
 * and the titles of suites below which nothing else stands. The others keep their numbers: those of the list at the end.
 * A spec that has passed gets a remark.
 *
 * @param runner the reporter is the last that listens to it
 * @returns to be called once when all others listen too: they know by then what a failure is
 */
export function holdLines(runner: Runner): (known: Known) => void {
  const [suite, end, pass, pending, fail] = ["suite", "suite end", "pass", "pending", "fail"].map((event) => {
    const listener = runner.listeners(event).at(-1) as (...about: unknown[]) => void;
    runner.removeListener(event, listener);
    return listener;
  }) as unknown as [Listener, Listener, Listener, Listener, Listener];
  const held: { readonly suite: Suite; readonly lines: readonly Words[] }[] = [];
  const shown =
    (listener: Listener): Listener =>
    (about, error) => {
      for (const { lines } of held.splice(0)) print(lines);
      listener(about, error);
    };
  return ({ isRepeated, remark }) => {
    const failed = shown(fail);
    runner.on("suite", (about: Suite) => {
      held.push({ suite: about, lines: linesOf(() => suite(about)) });
    });
    runner.on("suite end", (about: Suite) => {
      const lines = linesOf(() => end(about));
      if (held.at(-1)?.suite === about) held.pop();
      else print(lines);
    });
    const passed = shown((about) => {
      const after = remark(about as Test);
      for (const [format, ...words] of linesOf(() => pass(about))) print([[`${String(format)}${after}`, ...words]]);
    });
    runner.on("pass", passed);
    runner.on("pending", shown(pending));
    runner.on("fail", (test: Test, error: unknown) => {
      if (!isRepeated(test, error)) failed(test, error);
    });
  };
}

/** The way that all of mocha's reporters print. */
const base = mocha.reporters.Base as unknown as { consoleLog(...words: Words): void };

function print(lines: readonly Words[]): void {
  for (const words of lines) base.consoleLog(...words);
}

/** What somebody would print. */
function linesOf(work: () => void): Words[] {
  const lines: Words[] = [];
  const { consoleLog } = base;
  base.consoleLog = (...words) => void lines.push(words);
  try {
    work();
  } finally {
    base.consoleLog = consoleLog;
  }
  return lines;
}
