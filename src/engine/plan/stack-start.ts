import type { Service } from "../../stack/stack.ts";
import type { Capture } from "../snapshot/capture.ts";
import type { Layer } from "../snapshot/layers.ts";
import type { Factories } from "./factories.ts";
import type { StackPlan } from "./plan.ts";
import type { StackRun } from "./stack-run.ts";

/** One start of a stack: what it is going to do, how far it has come, and who makes its containers. */
export interface StackStart {
  readonly plan: StackPlan;
  readonly run: StackRun;
  readonly factories: Factories;
  /** What the names of its databases end with; "" unless parallel workers share a server. */
  readonly databaseSuffix: string;
  /** What is copied of it for later starts. */
  readonly copies: LayerCopies;
  /** Resolved when what was up already has been brought back: what is started anew waits for that. */
  readonly broughtBack: { readonly promise: Promise<void>; resolve(): void; reject(reason: unknown): void };
  /** The folder of the containers' logs. */
  readonly logFolder: string;
}

/** What a start copies of a stack for the snapshots that it found missing: each part at the moment it is what it is to be. */
export interface LayerCopies {
  /** Resolves when there is a copy of all that the tasks have left: who is not needed for that may start, and write there. */
  readonly done: Promise<void>;
  /** A digest of the passwords that a service with data was told, for those that may be copied. */
  readonly passwords: ReadonlyMap<Service, string>;
  /** Copies a server that is ready, before anybody hears of it. */
  copyServer(service: Service): Promise<void>;
  /** Copies what the tasks have left in a service's data directory; its baseline is there by then. */
  copyData(service: Service): Promise<void>;
  /** The images of a layer with all that was copied, to be named. @throws StackspecError saying why there is none */
  open(layer: Layer, signal: AbortSignal): Promise<ReadonlyMap<Service, Capture>>;
  /** Removes what has not become an image. */
  discard(): Promise<void>;
}
