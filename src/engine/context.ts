import type { ResolvedImage } from "../images/resolve.ts";
import type { ImageSource } from "../stack/image.ts";
import type { OnProgress } from "./progress.ts";
import type { Runtime } from "./runtime.ts";

/** What a stack needs from the run that it is part of. */
export interface StackContext {
  readonly runId: string;
  /** Goes behind the names of this process's stacks, which must differ from those of the run's other processes. Default "". */
  readonly suffix?: string;
  readonly startTimeoutMs: number;
  /** Connects to the engine; called only for a stack that has containers. */
  readonly connect: () => Promise<Runtime>;
  readonly resolveImage: (source: ImageSource) => Promise<ResolvedImage>;
  readonly onProgress: OnProgress;
  /** Logs of services go into a folder here: one for each stack, named by `instanceOf`. */
  readonly logFolder: string;
  readonly instanceOf: (stackName: string) => string;
  /** Told when a stack has been stopped, well or badly: it is none of the run's any more. */
  readonly onStopped?: (stackId: string) => void;
  /** Ends a start on its way: Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether a snapshot, if there is one, is restored. */
  readonly snapshots: { readonly read: boolean };
  /** The stack stays up at the end, and is taken over when it is up already. Default false. */
  readonly keep?: boolean;
  /** The stack on the engine that this one is to be: started by the run's own process for its first worker. */
  readonly takesOver?: string | undefined;
  /** Data directories stay on disk, where they can be read after the server has stopped. Default false. */
  readonly toDisk?: boolean;
}
