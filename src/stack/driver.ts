/** A service whose container runs, as its driver reaches it. */
export interface Asked {
  readonly host: string;
  /** The port on `host` that the driver's port of the container is published on. */
  readonly port: number;
  /** The environment that its container runs with, what its image sets included. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it runs: entrypoint and command. */
  readonly command: readonly string[];
}

/** The same when it is ready. */
export interface ServiceAddress extends Asked {
  /** What the names of one worker's databases end with; "" where the service is this process's own, or the first worker's. */
  readonly suffix: string;
  /**
   * What the name of its baseline ends with, for a checkpoint, whose baseline is beside the stack's.
   *
   * @default "": what the stack is reset to
   */
  readonly baseline?: string;
  /** Other workers use it at the same time, each its own share: what belongs to the whole server is left as it is. */
  readonly shared: boolean;
  /**
   * Runs a command in its container, as its image's user; what the driver's `variables` say is in its environment.
   * `output` is standard output, and standard error too when it fails.
   */
  exec(command: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** A program that people type into. */
export interface Prompt {
  readonly command: readonly string[];
  /** Variables that it is given beside its container's. @default none */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A started service whose state can be noted, and brought back. Connects when there is something to do. */
export interface Server {
  /**
   * Notes what it holds, in the service itself: a snapshot that is restored has its baseline with it.
   *
   * @throws Error saying why it cannot be noted
   */
  takeBaseline(): Promise<void>;
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
  /** What runs, such as "18.1": a version that the driver was not tested with is said once, before the first spec. */
  version?(): Promise<string>;
  /** What to do about an error of the others; undefined where nobody knows better than the general advice. */
  adviceOn?(error: unknown): Promise<string | undefined>;
  /** Closes its connections. Work that begins afterwards opens others. */
  close?(): Promise<void>;
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
  /**
   * What of it the server makes anew whenever it starts, as paths in it, `*` for any name: snapshots are without that.
   *
   * @default nothing
   */
  readonly ephemeral?: readonly string[];
  /**
   * Shell that is run before a server that starts on another machine's data, and sets the passwords in it to what the
   * environment says. It may change what is run, `"$@"`. "" where no password is in the data.
   *
   * @default a snapshot of a server that has a `secret()` is used on the machine that has taken it alone
   */
  readonly setPasswords?: string;
}

/** What a driver reads in a variable of the container: a value, or the name of another variable that has it. */
export type Told = string | { readonly variable: string };

/** A kind of service: all that stackspec knows of it. Public: `docs/drivers.md` shows how to write one. */
export interface Driver {
  /** What it is called in messages: "PostgreSQL". */
  readonly title: string;
  /** The port that it is reached by in its container. It is published, whether the container exposes it or not. */
  readonly port: number;
  /** Where it keeps its data: in memory while the stack runs, and part of its snapshot. @default it keeps none */
  readonly data?: DataDirectory;
  /**
   * Arguments that give up durability, and nothing that a test could see: put behind the image's command, unless the service
   * is `durable` or its container has a command of another kind. @default none
   */
  readonly flags?: readonly string[];
  /** The program that its image runs, which a command that takes `flags` may begin with. @default none */
  readonly program?: string;
  /**
   * The package that it speaks by, and the first version of it that will do; others of the same major version do too. A
   * project adds it when it has such a service; with `toAsk: false` only when that is reset. @default it needs none
   */
  readonly client?: { readonly name: string; readonly from: string; readonly toAsk?: boolean };
  /** Versions of the service that it was tested with: "18" for all of 18. @default no version is said to be untested */
  readonly tested?: readonly string[];
  /** Variables that it reads in the environment, which the container has under another name, or not at all. @default none */
  readonly variables?: Readonly<Record<string, Told>>;
  /**
   * Asks once whether it does its work for the user that its environment declares. It is asked every 25 ms until it does.
   * Whatever it throws counts as an answer. @default its container's own wait strategy, health check or ports
   *
   * @returns nothing when it does, else why not, as a `Refusal` where waiting will not help
   */
  readonly ask?: (asked: Asked) => Promise<Error | undefined>;
  /** It is asked in SQL: a start that fails for its answer has the code SQL_REFUSED, else NOT_READY. @default false */
  readonly sql?: boolean;
  /**
   * Writes to its data directory what it has in memory alone: that directory is copied next, for a snapshot, as a `kill -9`
   * would leave it. @default it has nothing of the kind
   *
   * @throws Error saying why it cannot, or what a server that starts on the copy would not have
   */
  readonly flush?: (address: ServiceAddress) => Promise<void>;
  /** Called when a server has been started on such a copy and is ready, before anything that waits for it. @default nothing */
  readonly restored?: (address: ServiceAddress) => Promise<void>;
  /** Its clients declare what they need when they start: the baseline is taken when all of the stack has. @default false */
  readonly declaredByClients?: boolean;
  /** It can hold several baselines at once, each under the name `address.baseline`. @default false */
  readonly checkpoints?: boolean;
  /** The program in its container that people ask it by: `stackspec shell SERVICE` runs it. @default a shell */
  readonly prompt?: (address: ServiceAddress) => Prompt | Promise<Prompt>;
  /**
   * Gives each of several parallel workers a share of its own of a server that is up and that they have together: a copy of
   * what the first has, by its names with the worker's suffix behind them. @default their shares are what the declaration says
   *
   * @param suffixes of the others, such as "__worker_1": what `suffix` is for each of them
   * @throws Error naming what cannot be copied
   */
  readonly share?: (address: ServiceAddress, suffixes: readonly string[]) => Promise<void>;
  /** Arguments of a server that they have together, put where `flags` are. @default none */
  readonly flagsToShare?: readonly string[];
  /**
   * Called once for each start of the service, when it is ready, and once for each checkpoint.
   *
   * @throws Error saying why it is not reset: the run then says so before its first spec, and goes on
   */
  connect(address: ServiceAddress): Server | Promise<Server>;
}

/** A driver that is chosen without being declared. */
export interface KnownDriver extends Driver {
  /** It is this kind's service by the class of its Testcontainers module, or by the last part of its declared image's name. */
  readonly modules: readonly string[];
  readonly images: readonly string[];
  readonly flags: readonly string[];
}
