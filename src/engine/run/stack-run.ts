import { setMaxListeners } from "node:events";
import type { Dependency, Node, Stack, Stoppable, TaskResult } from "../../stack/stack.ts";
import { workerSuffix } from "../drivers/mysql.ts";
import type { StackspecError } from "../../errors.ts";
import type { Log } from "../docker/log.ts";
import type { ReusableStack } from "./reusable-stack.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { watchExits } from "../docker/exits.ts";
import { stackFactories } from "./factories.ts";
import { createNetworksAndVolumes } from "./resources.ts";
import type { RunResources } from "./resources.ts";
import type { StackContext } from "./stack-context.ts";
import type { State } from "./progress.ts";
import type { ContainerStart } from "../container/start-container.ts";

/** One start of one stack: what its parts wait for, what it holds, and how far it has come. */
export class StackRun {
  readonly stack: Stack;
  readonly context: StackContext;
  /** Aborted by the first failure, or from outside. */
  readonly signal: AbortSignal;
  readonly timeline: string[] = [];
  /** Containers that are on their way or have arrived. */
  readonly containerStarts = new Map<Node, ContainerStart>();
  /** Everything that `stop()` must be called of, from the moment its start has begun. */
  readonly disposables = new Map<Node, Promise<Stoppable>>();
  readonly logFolder: string;
  readonly logs = new Map<string, Log>();
  /** Resolved by the first service that exits after it was ready. */
  readonly death = Promise.withResolvers<StackspecError>();
  /** True from the moment that it is being stopped: what exits now is meant to. */
  stopping = false;
  /** True once everything is ready. */
  isUp = false;

  /** What the factories made, but for those that wait for another's started value. */
  readonly made = new Map<Node, unknown>();
  /** What the tasks of a restored snapshot had to say; they are not run again. */
  restoredTasks: ReadonlyMap<string, TaskResult> | undefined;

  /** The stack stays up when this run ends, and may be up already. */
  kept: ReusableStack | undefined;

  /** Ids of containers that another process of this run has started, and stops, by service. */
  readonly joined = new Map<string, string>();

  readonly #making = stackFactories(this);
  readonly #cancel = new AbortController();
  readonly #began = performance.now();
  readonly #states = new Map<Node, State>();
  readonly #conditions: Map<Node, { runs: PromiseWithResolvers<void>; done: PromiseWithResolvers<unknown> }>;
  readonly #id: string;
  #footing: Promise<RunResources> | undefined;

  constructor(stack: Stack, id: string, logFolder: string, context: StackContext) {
    this.stack = stack;
    this.#id = id;
    this.logFolder = logFolder;
    this.context = context;
    this.signal = AbortSignal.any([context.signal, this.#cancel.signal]);
    // Each part listens for the end of the start; a stack of fifty is no leak.
    setMaxListeners(0, context.signal, this.signal);
    this.#conditions = new Map(
      stack.nodes.map((node) => [node, { runs: unattended<void>(), done: unattended<unknown>() }]),
    );
    // Nobody waits on for a part of a start that has ended.
    this.signal.addEventListener("abort", () => {
      for (const { runs, done } of this.#conditions.values()) {
        runs.reject(this.signal.reason);
        done.reject(this.signal.reason);
      }
    });
  }

  /** Its name on the engine. */
  get id(): string {
    return this.kept?.id ?? this.#id;
  }

  /** This is a parallel worker's stack whose servers are others' too. */
  get sharesServers(): boolean {
    return this.joined.size > 0;
  }

  /** What the names of its databases end with. */
  get databaseSuffix(): string {
    return this.sharesServers ? workerSuffix(this.context.joins!.worker) : "";
  }

  /** What a part's factory makes; called once, whoever asks first. */
  make(node: Node): Promise<unknown> {
    return this.#making.make(node);
  }

  /** Calls every factory, and resolves when all have answered that do not wait for another's started value. */
  callFactories(): Promise<void> {
    return this.#making.callFactories();
  }

  /** The two conditions of a part: it runs, and it is ready (a service) or completed (a task). */
  conditions(node: Node) {
    return this.#conditions.get(node)!;
  }

  /** Resolves when the dependency is met. */
  waitFor(dependency: Dependency): Promise<unknown> {
    const { runs, done } = this.conditions(nodeOf(dependency));
    return dependency.kind === "started" ? runs.promise : done.promise;
  }

  /** Networks, volumes and the watch over exits: made once, when the first container asks for them. */
  resources(): Promise<RunResources> {
    this.#footing ??= (async () => {
      const runtime = await this.context.connect();
      const [exits, ground] = await Promise.all([
        watchExits(runtime),
        createNetworksAndVolumes(
          runtime,
          this.stack,
          this.id,
          this.kept?.owner ?? this.context.runId,
          this.kept?.containers !== undefined,
        ),
      ]);
      return { runtime, ground, exits };
    })();
    return this.#footing;
  }

  /** The footing if there is or will be one: what stopping has to undo. */
  get footing(): Promise<RunResources> | undefined {
    return this.#footing;
  }

  /** Takes what is being started into the run's care, whether it ever starts or not. */
  own(node: Node, starting: Promise<Stoppable>): void {
    starting.catch(() => {});
    this.disposables.set(node, starting);
  }

  /** The parts that are run: all but the tasks of a restored snapshot. */
  runningNodes(): Node[] {
    return this.stack.nodes.filter((node) => node.kind === "service" || !this.restoredTasks?.has(node.name));
  }

  cancel(reason: unknown): void {
    if (!this.signal.aborted) this.#cancel.abort(reason);
  }

  state(node: Node): State | undefined {
    return this.#states.get(node);
  }

  /** Milliseconds since the start began. */
  elapsedMs(): number {
    return Math.round(performance.now() - this.#began);
  }

  report(node: Node, state: State, more: { tookMs?: number; waitsFor?: readonly string[] } = {}): void {
    const atMs = this.elapsedMs();
    this.#states.set(node, state);
    this.timeline.push(`${String(atMs).padStart(7)} ms  ${node.name} ${state}`);
    this.context.onProgress({
      kind: "node",
      stack: this.stack.name,
      node: node.kind,
      name: node.name,
      state,
      atMs,
      ...more,
    });
  }
}

/** A promise with its resolvers whose rejection nobody has to await. */
function unattended<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
