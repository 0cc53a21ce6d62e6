import type { Config } from "../config/config.ts";
import type { Joining } from "../engine/plan/stack-context.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import type { Stack } from "../stack/stack.ts";

/** Whether the shared instance of a stack stays up, or is up already, for parallel workers to join. */
export function waysOf(
  { name }: Stack,
  { keep, onFailure, worker }: Config,
): { readonly keep: boolean; readonly joins?: Joining } {
  if (worker === undefined) return { keep: keep || onFailure.keeps };
  const { number, run } = worker;
  // A worker beyond those that the run began with takes the place of one that crashed.
  if (run.stack?.name !== name || number >= run.stack.workers) return { keep: false };
  return { keep: false, joins: { id: run.stack.id, key: run.stack.key, worker: number } };
}

/** What is said of the shared instance of a stack that has come up. */
export function noticesOf(
  { name, logs, notices, unreset }: StartedStack,
  config: Config,
  isWorkersFirst: boolean,
): string[] {
  // What lives in no container is each worker's own.
  const isAnew = isWorkersFirst && config.worker === undefined && logs.size > 0;
  const anew = `${name}: in this parallel run each spec file starts its own — for each worker to keep one, let the suite's needs be "engine" in stackspec.config.ts and run it by stackspec run`;
  return [...notices, ...unreset, ...(isAnew ? [anew] : [])];
}
