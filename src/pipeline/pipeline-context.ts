import type { Config } from "../config/config.ts";
import type { PipelineSettings } from "../config/pipeline-settings.ts";
import { RUN_LABEL, removeResources } from "../engine/docker/labels.ts";
import type { OnProgress } from "../engine/run/progress.ts";
import type { Runtime } from "../engine/docker/connect.ts";
import { openSession } from "../engine/run/session.ts";
import type { Session } from "../engine/run/session.ts";
import { startWatchdog } from "../engine/cleanup/watchdog.ts";
import { imageResolver } from "../images/resolve.ts";
import type { ResolvedImage } from "../images/resolve.ts";
import type { ImageSource } from "../stack/image.ts";
import type { Pipeline } from "./pipeline.ts";

/** What the stages of one run work with. */
export interface PipelineContext {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly settings: PipelineSettings;
  /** Starts stacks, and owns everything that is made on the engine. */
  readonly session: Session;
  readonly runtime: Runtime;
  readonly resolveImage: (source: ImageSource) => Promise<ResolvedImage>;
  /** Runs a suite under `specs/` in a process of its own; resolves with its exit code. */
  readonly runSuite: (suite: string, environment: Readonly<Record<string, string>>) => Promise<number>;
  /** One line for the reader. */
  readonly say: (line: string) => void;
  /** Ends the run: Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A bench that can be cleared. */
export interface OpenPipelineContext {
  readonly bench: PipelineContext;
  /** Ends the run for this reason. What waits for a container ends when that is gone. */
  cancel(reason: Error): void;
  /** Removes all that was made on the engine. */
  close(): Promise<void>;
}

/** Opens a run on an engine: what it makes there has an owner, and goes with it, also when it is killed. */
export function openPipelineContext(
  given: Omit<PipelineContext, "session" | "resolveImage" | "runSuite" | "signal">,
  runSuite: (suite: string, environment: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<number>,
  onProgress: OnProgress,
): OpenPipelineContext {
  const { config, runtime } = given;
  const session = openSession(config, onProgress);
  const dismissWatchdog = startWatchdog(session.runId);
  const ending = new AbortController();
  const { signal } = ending;
  const clear = async (): Promise<void> => {
    await session.close();
    await removeResources(runtime, `${RUN_LABEL}=${session.runId}`);
  };
  return {
    bench: {
      ...given,
      session,
      signal,
      runSuite: (suite, environment) => runSuite(suite, environment, signal),
      resolveImage: imageResolver({
        config,
        docker: async () => runtime.docker,
        signal,
        onDetail: (name, state, detail) => onProgress({ kind: "image", name, state, detail }),
        onResolved: (image, tookMs) => onProgress({ kind: "image-resolved", image, tookMs }),
      }),
    },
    cancel(reason) {
      ending.abort(reason);
      void clear().catch(() => {}); // `close` tries again, and says so.
    },
    async close() {
      await clear();
      dismissWatchdog();
    },
  };
}
