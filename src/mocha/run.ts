import type { Config } from "../config/config.ts";
import type { OnProgress } from "../engine/run/progress.ts";
import type { RunningStack, StartedStack } from "../engine/run/start.ts";
import type { StackspecError } from "../errors.ts";
import type { Exports, Stack } from "../stack/stack.ts";
import { MochaRun, sayNotices } from "./mocha-run.ts";
import type { Target } from "./target.ts";

/**
 * The run that this process is. Mocha loads hooks, reporter and spec files by itself and hands them nothing of ours; so they,
 * and the command that calls mocha, find the run here. It is the only state of `src/mocha/` that a module holds.
 */
export const run = new MochaRun();

/**
 * Starts a stack of its own for whoever calls: `await stack.stop()` when done with it. What is not
 * stopped is stopped at the end of the run.
 *
 * @throws StackspecError saying which part failed and why
 */
export function startStack<E extends Exports>(stack: Stack<E>): Promise<RunningStack<E>> {
  return run.start(stack);
}

// What the command, which is no part of mocha, tells the run and asks of it.
export const configureRun = (config: Config): void => void (run.config = config);
export const beginPhase = (name: string): void => run.clock.beginPhase(name);
export const reportProgress = (listener: OnProgress = sayNotices): void => void (run.onProgress = listener);
export const runTarget = (missing?: string | StackspecError, say?: (line: string) => void): Promise<Target> =>
  run.target(missing, say);
export const setEngineError = (error: StackspecError | undefined): void => void (run.engineError = error);
export const sharedStack = <E extends Exports>(stack: Stack<E>): Promise<StartedStack<E>> => run.share(stack);
export const shareRun = (workers: number, stack?: Stack): Promise<void> => run.shareWithWorkers(workers, stack);
export const finishRun = (): Promise<void> => run.finish();
export const closeRun = (): Promise<void> => run.close();
