import type { StackspecError } from "../../errors.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Exports, Started } from "../../stack/stack.ts";
import type { Log } from "../docker/log.ts";
import type { Layer } from "../snapshot/layers.ts";
import type { Resettable } from "../reset/checkpoint.ts";
import type { Faults, ServiceName, VolumeName } from "../faults/fault.ts";
import type { FaultKeeper } from "../faults/faults.ts";
import type { SnapshotUse } from "../plan/find-restored.ts";
import type { LayerCopies } from "../plan/stack-start.ts";

/** A started stack. */
export interface RunningStack<
  E extends Exports = Exports,
  Name extends string = ServiceName<E>,
  Volumes extends string = VolumeName<E>,
>
  extends Resettable, Faults<Name, Volumes> {
  readonly name: string;
  /** Its name on the engine: of its network, and in its label. */
  readonly id: string;
  readonly values: Started<E>;
  /** The images that it runs, in the order of the declaration. */
  readonly images: readonly ResolvedImage[];
  /** Stops and removes everything. A second call waits for the first. */
  stop(): Promise<void>;
}

/** What the run that a stack is part of knows of it besides. */
export interface StartedStack<E extends Exports = Exports> extends RunningStack<E, string, string>, FaultKeeper {
  /** Its snapshot; undefined when it has nothing that a snapshot could hold. */
  readonly snapshot: SnapshotUse | undefined;
  /** What was copied while it started, of the snapshots that were not there. */
  readonly missing: readonly Layer[];
  readonly copies: LayerCopies;
  /** Every service of it is a container, which another process can take over. */
  readonly inContainers: boolean;
  /** The logs of its containers, by name. */
  readonly logs: ReadonlyMap<string, Log>;
  /** Resolves with the failure of the first service that exits, though it was ready and nobody stopped it. */
  readonly death: Promise<StackspecError>;
  /** A service has exited so, and its failure is on its way: it takes what it takes to read what is left of the service. */
  isDying(): boolean;
  /** Services that a reset leaves as they are though nobody has asked for that: a line each. */
  readonly unreset: readonly string[];
  /** What else is to be said before the first spec, a line each. */
  readonly notices: readonly string[];
  /** One line for each service that somebody has paused. */
  paused(): readonly string[];
  /** It was kept by an earlier run. */
  readonly wasUp: boolean;
  /** Where its services are reached when it stays up, and why it does, a line each; none when it does not. */
  tellKept(why?: string): Promise<readonly string[]>;
  /** Writes what its databases and volumes hold to a file. Resolves with whether they hold anything. Needs `savesState`. */
  saveState(file: string): Promise<boolean>;
  /** Gives parallel workers, from 1 to `workers` - 1, databases of their own on its shared servers: copies of what is there. */
  createWorkerDatabases(workers: number): Promise<void>;
}
