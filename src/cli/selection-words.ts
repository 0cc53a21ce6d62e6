import type { Config } from "../config/config.ts";
import { readOption, withSeed } from "../config/selection.ts";
import type { Given } from "./command.ts";

/**
 * The settings with what a command's words say of the selection, which go before all else.
 *
 * @throws StackspecError `USAGE` naming the option, what was expected and what was found
 */
export function withSelection(config: Config, { flags, values }: Given): Config {
  const { selection } = config;
  return {
    ...config,
    selection: withSeed({
      order: readOption("order", values.get("order")) ?? selection.order,
      seed: readOption("seed", values.get("seed")) ?? (values.get("order") === "declared" ? undefined : selection.seed),
      repeatEach: readOption("repeat-each", values.get("repeat-each")) ?? selection.repeatEach,
      lastFailed: values.get("last-failed") ?? selection.lastFailed,
      failOnFlaky: flags.has("fail-on-flaky") || selection.failOnFlaky,
    }),
  };
}

/** A selection as the words of a command, for the process of a suite. */
export function selectionWords({ selection: { seed, repeatEach, lastFailed, failOnFlaky } }: Config): string[] {
  return [
    seed === undefined ? "--order=declared" : `--seed=${seed}`,
    ...(repeatEach === 1 ? [] : [`--repeat-each=${repeatEach}`]),
    ...(lastFailed === undefined ? [] : [`--last-failed=${lastFailed}`]),
    ...(failOnFlaky ? ["--fail-on-flaky"] : []),
  ];
}
