import type { Config, SharedRun } from "./config.ts";

/**
 * Tells mocha's parallel workers which run they belong to. The environment is the only way to reach them: mocha forks
 * them itself, and what it hands them has no place for anything of ours.
 */
export function tellWorkers(run: SharedRun): void {
  process.env["STACKSPEC_RUN"] = JSON.stringify(run);
}

/** Tells the runs that this process starts, and those that its specs start, that they are part of its own, and none a shard. */
export function tellInnerRuns({ outerRuns }: Config): void {
  process.env["STACKSPEC_SHARD"] = "off";
  process.env["STACKSPEC_OUTER_RUNS"] = [...outerRuns, process.pid].join(" ");
}
