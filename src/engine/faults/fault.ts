import type { Exports, Service } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";

/** Something that was made to fail. It is healed at the end of the spec at the latest, or of `await using`. */
export interface Fault extends AsyncDisposable {
  /**
   * Ends it, and resolves when it has: a service that was killed is ready again then. Does nothing when it has ended.
   *
   * @throws StackspecError `FAULT_FAILED` when the service does not come up again
   */
  heal(): Promise<void>;
}

/** How slow a network is. */
export interface Slowness {
  /** How many milliseconds later all arrives that the service sends: a round trip takes so much longer. @default 0 */
  readonly latencyMs?: number;
  /** How many kilobits a second it receives, and sends, at most. @default no limit */
  readonly bandwidthKbps?: number;
}

/** The services that a stack exports, by the names of its exports. */
export type ServiceName<E extends Exports> = {
  [K in keyof E & string]: E[K] extends Service<never> | Service ? K : never;
}[keyof E & string];

/** The volumes that a stack exports. */
export type VolumeName<E extends Exports> = {
  [K in keyof E & string]: E[K] extends Volume ? K : never;
}[keyof E & string];

/**
 * Makes services of a started stack fail. Each resolves when it has happened, and is healed after the spec.
 *
 * All throw StackspecError `USAGE` for a service that the stack does not export, or to which this has happened already, and
 * `FAULT_IMPOSSIBLE`, saying why, where it cannot be done to this service or on this engine.
 */
export interface Faults<Name extends string = string, Volumes extends string = string> {
  /** Cuts its network off: connections that are open are reset, others refused, in both directions. */
  cut(service: Name): Promise<Fault>;
  /** Makes its network slow, for connections that are open too. */
  slow(service: Name, slowness: Slowness): Promise<Fault>;
  /** Freezes its processes: it accepts connections and answers none. */
  pause(service: Name): Promise<Fault>;
  /** Kills it (SIGKILL). It is started again when that is healed. */
  kill(service: Name): Promise<Fault>;
  /** Stops it (its image's stop signal, and SIGKILL after `graceMs`), starts it again, and resolves when it is ready. */
  restart(service: Name, options?: { readonly graceMs?: number }): Promise<Fault>;
  /** Fills a volume that was declared with a size: what writes there finds no space left. */
  full(volume: Volumes): Promise<Fault>;
  /** Shifts the clock of a service that was declared with `ownClock` by so many milliseconds, back with less than 0. */
  clock(service: Name, shift: { readonly offsetMs: number }): Promise<Fault>;
}
