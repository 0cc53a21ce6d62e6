import type { Config } from "../config/config.ts";
import type { PipelineSettings } from "../config/pipeline-settings.ts";
import type { Runtime } from "../engine/docker/connect.ts";
import type { OnProgress } from "../engine/plan/progress.ts";
import { openSession } from "../engine/run/session.ts";
import type { Session } from "../engine/run/session.ts";
import type { Pipeline } from "./pipeline.ts";

/** What the stages of one run work with. */
export interface PipelineContext {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly settings: PipelineSettings;
  /** Starts stacks, resolves images, and owns everything that is made on the engine, also when this process is killed. */
  readonly session: Session;
  readonly runtime: Runtime;
  /** Runs a suite under `specs/` in a process of its own; resolves with its exit code. */
  readonly runSuite: (suite: string, environment: Readonly<Record<string, string>>) => Promise<number>;
  /** One line for the reader. */
  readonly say: (line: string) => void;
  /** Ends the run: Ctrl-C. What waits for a container ends when that is gone. */
  readonly signal: AbortSignal;
}

/** Opens a run on an engine. `session.cancel` ends it early, and `session.close` removes all that was made there. */
export async function openPipelineContext(
  given: Pick<PipelineContext, "pipeline" | "config" | "settings" | "say">,
  runSuite: (suite: string, environment: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<number>,
  onProgress: OnProgress,
): Promise<PipelineContext> {
  const session = openSession(given.config, onProgress);
  const { signal } = session;
  return {
    ...given,
    session,
    signal,
    runtime: await session.connect(),
    runSuite: (suite, environment) => runSuite(suite, environment, signal),
  };
}
