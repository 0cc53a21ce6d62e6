import type { Driver } from "./driver.ts";
import type { Probe } from "./probe.ts";
import type { ImageSource } from "./image.ts";
import type { Location } from "./location.ts";
import type { Mount, Volume } from "./volume.ts";

/** Anything that runs beside the specs: a Testcontainers container, or any object with this method. */
export interface Startable<S extends Stoppable = Stoppable> {
  start(): Promise<S>;
}

/** What `start()` resolves to. Whoever started it stops it. */
export interface Stoppable {
  stop(options?: { timeout?: number }): Promise<unknown>;
}

/** What a finished task left behind. */
export interface TaskResult {
  readonly exitCode: number;
  /**
   * What it printed, standard output and error as they came, with secrets masked: its last 5,000 lines, and of these the
   * last 64 KiB. The same whether it has run now, in the run that a snapshot is from, or in the one that kept the stack.
   */
  readonly output: string;
  readonly durationMs: number;
}

declare const started: unique symbol;

/** A service of a stack: started with it, stopped with it. `S` is what specs get. */
export interface Service<S = unknown> {
  readonly kind: "service";
  readonly name: string;
  readonly create: Factory<unknown>;
  readonly options: ServiceOptions;
  readonly [started]?: S;
}

/** Work that runs once and to its end before what comes `after` it starts: a migration, a seed. `R` is what specs get. */
export interface Task<R = unknown> {
  readonly kind: "task";
  readonly name: string;
  readonly create: Factory<unknown>;
  readonly options: TaskOptions;
  readonly [started]?: R;
}

/** A network beside the private one that every container of a stack is on. */
export interface Network {
  readonly kind: "network";
  readonly name: string;
}

/** A dependency that is met as soon as the service runs, ready or not. */
export interface StartedCondition {
  readonly kind: "started";
  readonly node: Service;
}

/** A service is waited for until it is ready, a task until it has completed, `started(service)` until it runs. */
export type Dependency = Service | Task | StartedCondition;

/** What a factory is given. */
export interface FactoryContext {
  /** The image to run, resolved from the option `image`: a registry's, a built one or a substitute. */
  readonly image: string;
  /** Another service's started value; resolves when that service is ready. Only those declared above. */
  started<S>(service: Service<S>): Promise<S>;
  /**
   * The address of a service that declares its `url`, as containers of this stack reach it: that, or the `external` one.
   *
   * @throws StackspecError `USAGE` for a service without a `url`
   */
  url(service: Service): string;
  /**
   * What a database is called here: `name`, or, on a server that parallel workers share, this worker's own copy of it. The
   * same for a vhost of RabbitMQ, and, by its number from 0 to 15, for a logical database of Redis or Valkey.
   */
  database(name: string): string;
  database(number: number): number;
}

/** Makes the container (or other startable) of a service, or of a task. */
export type Factory<T> = (context: FactoryContext) => T | Promise<T>;

/** A container that can do no harm: no capabilities, no new privileges, a root file system that cannot be written. */
export interface Sandbox {
  /** Paths that are written all the same; each is an empty tmpfs. */
  readonly writable?: readonly string[];
}

interface NodeOptions {
  /** The image that the factory gets as `image`. */
  readonly image?: ImageSource;
  /** What must be ready (services) or completed (tasks) before this starts. Default: nothing. */
  readonly after?: readonly Dependency[];
  /** Volumes, each at its path. Of several containers with one volume, the one declared first fills it from its image. */
  readonly mounts?: readonly Mount[];
  /** Networks to join beside the stack's own. */
  readonly networks?: readonly Network[];
  /**
   * It is started only when one of these profiles is chosen, by `STACKSPEC_PROFILES=testing,debug`; what specs get for it
   * is else undefined. What waits for it belongs to the same profiles. Default: it is always started.
   */
  readonly profiles?: readonly string[];
  /** Runs it in a sandbox. Default: as the engine runs containers. */
  readonly sandbox?: Sandbox;
}

/** `S` is its started value. */
export interface ServiceOptions<S = never> extends NodeOptions, Location {
  /** When it is ready. Default: the container's own wait strategy, else when its exposed ports accept connections. */
  readonly ready?: Probe;
  /** It speaks HTTP on this container port: the started value gets an `http` client. */
  readonly http?: { readonly port: number };
  /**
   * What kind of service it is: a driver of `stackspec/drivers` or one made by `defineDriver`; `false` for a service that
   * nothing is to be known of. Default: by the class of its Testcontainers module, else by the name of its image.
   */
  readonly driver?: Driver | false;
  /**
   * Its data directory: in memory while the stack runs, and kept with the snapshot of the stack, as a `kill -9` of it would
   * leave it when the tasks are done: what it has not written by then is not in it.
   * Default: known for the services that stackspec knows; none for others.
   */
  readonly data?: string;
  /**
   * How it is brought back to where the tasks left it: `"keep"` leaves it as it is, a function is given its started value,
   * `"recreate"` puts another container in its place, with the same host ports, names and started value, and with what the
   * tasks have left in its data directory and its image's volumes; what is connected to it has to connect again.
   * Default: as its driver does. Of a service without one whose image keeps data in a volume, the run says before its first
   * spec that it keeps its data.
   */
  readonly reset?: "keep" | "recreate" | ((started: S) => Promise<void>);
  /**
   * Parallel workers have one of it together, and each a share of its own, by the names that `database()` gives: databases
   * of MySQL, MariaDB and PostgreSQL, vhosts of RabbitMQ, logical databases of Redis and Valkey. Default false: each worker has a
   * server of its own. With snapshots off each has its own too.
   */
  readonly shared?: boolean;
  /** The database keeps its own durability settings, and its data on disk. Default false. */
  readonly durable?: boolean;
  /**
   * Its programs have a clock of their own, which the fault `clock` shifts: those that ask the C library for the time, but none
   * that is linked statically or written in Go. Default false: its clock is its machine's.
   */
  readonly ownClock?: boolean;
  /**
   * How long it may take to stop before it is killed, in milliseconds. Default 0: killed at once,
   * because nothing in a stack that is thrown away can be lost.
   */
  readonly stopTimeoutMs?: number;
}

export interface TaskOptions extends NodeOptions {
  /**
   * Files and folders of this project that, with its declaration, decide what it does: the migrations of a migration. What it
   * has left is then restored also where its image is another one, as long as these are the same.
   * Default: undefined: its image decides.
   */
  readonly inputs?: readonly string[];
  /** How long it may run, in milliseconds. Default: the stack's start timeout. */
  readonly timeoutMs?: number;
  /** `"run"`: the run in which it fails exits with its exit code. Default: undefined: with 1. */
  readonly exitCode?: "run";
}

export type Node = Service | Task;

/** What a stack hands to its specs: names of its choice for the services, tasks and volumes it declared. */
export type Exports = Readonly<Record<string, Service | Task | Volume>>;

/** What specs get for each export: a service's started value, a task's result, a volume's name on the engine. */
export type Started<E extends Exports> = {
  readonly [K in keyof E]: E[K] extends Service<infer S>
    ? S
    : E[K] extends Task<infer R>
      ? R
      : { readonly name: string };
};

/** A declared stack: data only. Nothing is started by declaring it. */
export interface Stack<E extends Exports = Exports> {
  readonly name: string;
  /** In the order of their declaration, so each after all it depends on. */
  readonly nodes: readonly (Service | Task)[];
  readonly volumes: readonly Volume[];
  readonly networks: readonly Network[];
  readonly exports: E;
}
