import { setMaxListeners } from "node:events";
import type { Dependency, Node, Stack, Stoppable } from "../../stack/stack.ts";
import type { StackspecError } from "../../errors.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import type { ContainerStart } from "../container/start-container.ts";
import { joinLogs } from "../docker/join-logs.ts";
import type { Log } from "../docker/log.ts";
import { openResources } from "./resources.ts";
import type { ResourceIdentity, StackResources } from "./resources.ts";
import type { StackContext } from "./stack-context.ts";
import type { State } from "./progress.ts";

/** The two conditions that others may wait for: a node runs; it is ready (a service) or completed (a task). */
interface Conditions {
  readonly runs: PromiseWithResolvers<void>;
  readonly done: PromiseWithResolvers<unknown>;
}

/**
 * The state of one start of one stack, from its first moment until everything is released. What is going to happen
 * stands in its `StackPlan`; how far it has come stands here, and is changed by these methods alone.
 */
export class StackRun {
  readonly stack: Stack;
  readonly context: StackContext;
  /** Aborted by the first failure, or from outside. */
  readonly signal: AbortSignal;

  readonly #cancel = new AbortController();
  readonly #began = performance.now();
  readonly #conditions: ReadonlyMap<Node, Conditions>;
  readonly #states = new Map<Node, State>();
  readonly #timeline: string[] = [];
  readonly #containers = new Map<Node, ContainerStart>();
  readonly #disposables = new Map<Node, Promise<Stoppable>>();
  readonly #logs = new Map<string, Log>();
  readonly #death = Promise.withResolvers<StackspecError>();
  /** Resolves with the failure of the first service that exits after it was ready. */
  readonly death = this.#death.promise;
  /** One has exited, and what is left of it is read. */
  isDying = false;
  #phase: "starting" | "broken" | "up" | "stopping" = "starting";
  #resources: Promise<StackResources> | undefined;

  constructor(stack: Stack, context: StackContext) {
    this.stack = stack;
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

  /** Resolves when the dependency is met: with a service's started value, a task's result, or nothing for "runs". */
  waitFor(dependency: Dependency): Promise<unknown> {
    const { runs, done } = this.#conditions.get(nodeOf(dependency))!;
    return dependency.kind === "started" ? runs.promise : done.promise;
  }

  /** The same for what a profile may leave out: with nothing when it does. */
  async valueOf(node: Node): Promise<unknown> {
    return this.#conditions.has(node) ? this.waitFor(node) : undefined;
  }

  /** Resolves when every task has completed. */
  async tasksDone(): Promise<void> {
    await Promise.all(this.stack.nodes.filter(({ kind }) => kind === "task").map((task) => this.waitFor(task)));
  }

  /** The node runs: what waits for that goes on. */
  setRunning(node: Node): void {
    this.#conditions.get(node)!.runs.resolve();
  }

  /** The node is ready or completed, with this value: what waits for it goes on. */
  setDone(node: Node, value: unknown): void {
    this.#conditions.get(node)!.done.resolve(value);
  }

  /** Networks, volumes and the watch over exits: made once, when they are first asked for. */
  resources(identity: ResourceIdentity): Promise<StackResources> {
    this.#resources ??= openResources(this.stack, identity, this.context);
    return this.#resources;
  }

  /** The resources if there are or will be any: what stopping has to undo. */
  get openedResources(): Promise<StackResources> | undefined {
    return this.#resources;
  }

  /** The starts of containers, under way or over. */
  get containers(): ReadonlyMap<Node, ContainerStart> {
    return this.#containers;
  }

  addContainer(node: Node, start: ContainerStart): void {
    this.#containers.set(node, start);
  }

  /** One line for each of them that somebody has paused. */
  get paused(): string[] {
    const paused = [...this.#containers].filter(([, start]) => start.isPaused());
    return paused.map(([{ name }]) => `${name} is paused: it answers again after \`docker unpause\``);
  }

  /** Everything that `stop()` must be called of, from the moment its start has begun. */
  get disposables(): ReadonlyMap<Node, Promise<Stoppable>> {
    return this.#disposables;
  }

  addDisposable(node: Node, starting: Promise<Stoppable>): void {
    starting.catch(() => {});
    this.#disposables.set(node, starting);
  }

  get logs(): ReadonlyMap<string, Log> {
    return this.#logs;
  }

  addLog(name: string, log: Log): void {
    this.#logs.set(name, joinLogs(this.#logs.get(name), log));
  }

  setDead(failure: StackspecError): void {
    if (this.#phase !== "stopping") this.#death.resolve(failure);
  }

  get phase(): "starting" | "broken" | "up" | "stopping" {
    return this.#phase;
  }

  /** Everything is ready. */
  setUp(): void {
    this.#phase = "up";
  }

  /** What of it was up before this start cannot be used: that is removed too, though it would have been kept. */
  setBroken(): void {
    this.#phase = "broken";
  }

  /** What exits from now on is meant to. */
  setStopping(): void {
    this.#phase = "stopping";
  }

  /** Ends the start, with this failure. The first one counts. */
  cancel(reason: unknown): void {
    if (!this.signal.aborted) this.#cancel.abort(reason);
  }

  state(node: Node): State | undefined {
    return this.#states.get(node);
  }

  get timeline(): readonly string[] {
    return this.#timeline;
  }

  /** Milliseconds since the start began. */
  elapsedMs(): number {
    return Math.round(performance.now() - this.#began);
  }

  report(node: Node, state: State, more: { tookMs?: number; waitsFor?: readonly string[] } = {}): void {
    const atMs = this.elapsedMs();
    this.#states.set(node, state);
    this.#timeline.push(`${String(atMs).padStart(7)} ms  ${node.name} ${state}`);
    const { kind, name } = node;
    this.context.onProgress({ kind: "node", stack: this.stack.name, node: kind, name, state, atMs, ...more });
  }

  /** Tells what a container on its way answers, and where its log is. */
  listeners({ name }: Node): { answered(answer: string): void; logged(log: Log): void } {
    const { onProgress } = this.context;
    const about = { stack: this.stack.name, name };
    return {
      answered: (answer) => onProgress({ kind: "answer", ...about, answer }),
      logged: (log) => onProgress({ kind: "log", ...about, log }),
    };
  }
}

/** A promise with its resolvers whose rejection nobody has to await. */
function unattended<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
