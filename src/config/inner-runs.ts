import type { Config, SharedRun } from "./config.ts";
import { SELECTION_VARIABLES } from "./selection.ts";

/**
 * Tells mocha's parallel workers which run they belong to. The environment is the only way to reach them: mocha forks
 * them itself, and what it hands them has no place for anything of ours.
 */
export function tellWorkers(run: SharedRun): void {
  process.env["STACKSPEC_RUN"] = JSON.stringify(run);
}

/** Tells the runs that this process starts, and those that its specs start, that they are part of its own, none a shard, and all of their specs. */
export function tellInnerRuns({ outerRuns }: Config): void {
  process.env["STACKSPEC_SHARD"] = "off";
  for (const name of Object.keys(SELECTION_VARIABLES)) delete process.env[name];
  process.env["STACKSPEC_OUTER_RUNS"] = [...outerRuns, process.pid].join(" ");
}
