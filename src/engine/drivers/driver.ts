/** A service whose container runs, as its driver reaches it. */
export interface Asked {
  readonly host: string;
  /** The port on `host` that the driver's port of the container is published on. */
  readonly port: number;
  /** The environment that its container runs with. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The same when it is ready, and its environment has what its image sets. */
export interface ServiceAddress extends Asked {
  /** What it runs: entrypoint and command. */
  readonly command: readonly string[];
  /** What the names of one worker's databases end with; "" where the service is this process's own, or the first worker's. */
  readonly suffix: string;
  /** Other workers use it at the same time, each its own share: what belongs to the whole server is left as it is. */
  readonly shared: boolean;
  /** Runs a command in its container, as its image's user. `output` is standard output, and standard error when it fails. */
  exec(command: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** A started service whose state can be noted, and brought back. Connects when there is something to do. */
export interface Server {
  /**
   * Notes what it holds, in the service itself: a snapshot that is restored has its baseline with it.
   *
   * @param options `forSnapshot`: then it is stopped, and its data becomes a snapshot
   * @throws Error saying why it cannot be noted, or would not be in the snapshot
   */
  takeBaseline(options: { readonly forSnapshot: boolean }): Promise<void>;
  /**
   * Brings back what its data directory does not hold, when it has just been started on a snapshot's; notes what it holds
   * when nothing was noted there. Undefined where there is nothing to do.
   */
  readonly afterRestore?: () => Promise<void>;
  /**
   * Brings back what was noted. Touches only what has changed.
   *
   * @throws Error naming what cannot be brought back
   */
  reset(): Promise<void>;
  /** What to do about an error of these two; undefined where nobody knows better than the general advice. */
  adviceOn(error: unknown): Promise<string | undefined>;
  /** Closes its connections. Work that begins afterwards opens others. */
  close(): Promise<void>;
}

/** How a service keeps its data, and starts on data that is there. */
export interface DataDirectory {
  /** Where it is. */
  readonly path: string;
  /**
   * A variable that says where, and what it is set to: a folder in `path`, which each user can make there. Undefined where
   * `path` is where the image has it anyway.
   */
  readonly variable?: { readonly name: string; readonly value: string };
  /** What it is found again by, where it is restored: variables that are set unless the container says them, or its host name. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * The entrypoint of its images, which initialises, and the user that it makes of root: so the program starts on data that
   * is there without it. Undefined where the entrypoint is quick about that.
   */
  readonly start?: { readonly entrypoint: string; readonly user: string };
}

/** A kind of service that stackspec knows: all that it knows of it. */
export interface Driver {
  /** "PostgreSQL". */
  readonly title: string;
  /** It is this kind's service by the class of its Testcontainers module, or by the last part of its declared image's name. */
  readonly modules: readonly string[];
  readonly images: readonly string[];
  /** The program that its image runs, which a command may begin with. */
  readonly program: string;
  /** The port that it is reached by in its container. */
  readonly port: number;
  readonly data: DataDirectory | undefined;
  /** Arguments that give up durability, and nothing that a test could see. */
  readonly flags: readonly string[];
  /**
   * Asks once whether it does its work for the user that its environment declares: nothing when it does, else why not, as a
   * `Refusal` where waiting will not help. Undefined where its container's own way to wait is good enough.
   */
  readonly ask?: (asked: Asked) => Promise<Error | undefined>;
  /** Its clients declare what they need when they start: the baseline is taken when all of the stack has. @default false */
  readonly declaredByClients?: boolean;
  /** @throws Error when the declaration does not say how its administrator is reached: it is then not reset */
  connect(address: ServiceAddress): Server | Promise<Server>;
}
