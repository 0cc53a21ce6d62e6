import type { ResolvedImage } from "../../images/resolve.ts";
import type { Stack } from "../../stack/stack.ts";
import type { ImageSource } from "../../stack/image.ts";
import type { OnProgress } from "./progress.ts";
import type { Runtime } from "../docker/connect.ts";

/** How a parallel worker joins the stack of its run: the first takes all of it over, the others its shared services. */
export interface Joining {
  /** The stack's name on the engine. */
  readonly id: string;
  /** The worker's number, from 0. */
  readonly worker: number;
  /** The snapshot that it was started from; without one, only the first worker joins. */
  readonly key: string | undefined;
}

/** What a stack needs from the run that it is part of. */
export interface StackContext {
  readonly runId: string;
  readonly startTimeoutMs: number;
  /** The address on which ports are published; undefined: loopback, where the engine is on this machine. */
  readonly publishAddress?: string | undefined;
  /** Engines whose open ports the run has told of: once is enough. */
  readonly toldOpen: WeakSet<Runtime>;
  /** Connects to the engine; called only for a stack that has containers. */
  readonly connect: () => Promise<Runtime>;
  readonly resolveImage: (source: ImageSource) => Promise<ResolvedImage>;
  /** What makes networks fail. @default built from Debian's packages */
  readonly faultImage?: string | undefined;
  readonly onProgress: OnProgress;
  /** Logs of services go into a folder here: one for each stack. */
  readonly logFolder: string;
  /** A new name on the engine for a stack, and the name of its folder of logs. */
  readonly nameOf: (stack: Stack) => { readonly id: string; readonly logs: string };
  /** Told when a stack has been stopped, well or badly: it is none of the run's any more. */
  readonly onStopped?: (stackId: string) => void;
  /** Resolves when this machine has memory for the stack. Default: at once. */
  readonly waitForMemory?: (signal: AbortSignal) => Promise<void>;
  /** Ends a start on its way: Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether a snapshot, if there is one, is restored; whether one that is missing is copied while the stack starts. */
  readonly snapshots: { readonly read: boolean; readonly write: boolean };
  /** The stack stays up at the end, and is taken over when it is up already. Default false. */
  readonly keep?: boolean;
  /** What of it is up already is left as it is; else its data is brought back to where its tasks left it. Default false. */
  readonly asItIs?: boolean | undefined;
  /** The state that it is started in, by its key: that of a spec that failed. Nothing that is up already is taken over then. */
  readonly state?: string | undefined;
  /** Its state can be written while it is up: `saveState`. Default false. */
  readonly savesState?: boolean;
  /** The stack that the run's own process has started, for this parallel worker to join. */
  readonly joins?: Joining | undefined;
}
