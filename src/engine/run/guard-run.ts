import type { Config } from "../../config/config.ts";
import { messageOf } from "../../errors.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { ImageSource } from "../../stack/image.ts";
import { startReaper } from "../cleanup/reaper.ts";
import type { Reaper } from "../cleanup/reaper.ts";
import type { Runtime } from "../docker/connect.ts";
import type { OnProgress } from "../plan/progress.ts";

interface Guarded {
  readonly runId: string;
  readonly config: Pick<Config, "reaper" | "worker">;
  readonly connect: () => Promise<Runtime>;
  readonly resolveImage: (source: ImageSource) => Promise<ResolvedImage>;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** A run's second guard, for when the watchdog goes too, all of this machine's processes, or the machine: its reaper container. */
export function guardRun({ runId, config, connect, resolveImage, signal, onProgress }: Guarded) {
  let reaper: Promise<Reaper | undefined> | undefined;
  const sayUnguarded = (why: string): void => {
    if (signal.aborted) return;
    onProgress({ kind: "notice", text: `No reaper guards this run: ${why.split("\n")[0]}` });
  };
  const start = async (): Promise<Reaper | undefined> => {
    if (config.reaper.disabled || config.worker !== undefined) return undefined;
    try {
      const { reference } = await resolveImage(config.reaper.image);
      return await startReaper(await connect(), reference, runId, sayUnguarded);
    } catch (error) {
      sayUnguarded(messageOf(error));
      return undefined;
    }
  };
  return {
    /** Connects to the engine, with the reaper started before anything else is. */
    async connect(): Promise<Runtime> {
      const runtime = await connect();
      await (reaper ??= start());
      signal.throwIfAborted();
      return runtime;
    },
    /** Ends it, when there is nothing left for it to do. */
    async dismiss(): Promise<void> {
      await (await reaper)?.dismiss();
    },
  };
}
