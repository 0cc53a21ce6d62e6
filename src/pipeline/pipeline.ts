import type { Exports, Stack, Startable, Started } from "../stack/stack.ts";
import type { ImageSource } from "../stack/image.ts";

/** Files that outlive the containers that use them: a volume named after the content of what it is keyed by. */
export interface Cache {
  readonly kind: "cache";
  readonly name: string;
  /** Files and folders; when their content changes, so does the volume. */
  readonly keyedBy: readonly string[];
  readonly fill: Fill;
  /** This cache, mounted at an absolute path, for reading only. */
  at(path: string): CacheMount;
}

/** Puts into `folder`, on this machine and with its settings, what the cache is to hold. */
export type Fill = (target: {
  readonly folder: string;
  readonly architecture: string;
  readonly signal: AbortSignal;
}) => Promise<void>;

export interface CacheMount {
  readonly cache: Cache;
  readonly path: string;
}

/** The services that tasks of a stage talk to. */
export interface StageStack<E extends Exports = Exports> {
  readonly kind: "stage-stack";
  readonly stack: Stack<E>;
}

/** What a task that is a function of this process returns when it could not find out. It is not green, and says so. */
export interface Unchecked {
  readonly unchecked: string;
}

/** Makes the container that does the work, or is itself the work. */
export type TaskFactory<E extends Exports = Exports> = (context: {
  /** The image to run, from the option `image`. */
  readonly image: string;
  /** What the stack of the option `on` exports. */
  readonly stack: Started<E>;
  readonly signal: AbortSignal;
}) => Startable | Unchecked | void | Promise<Startable | Unchecked | void>;

export interface StageTaskOptions<E extends Exports = Exports> {
  readonly image?: ImageSource;
  /** Tasks that must have passed before this one starts. */
  readonly after?: readonly StageTask[];
  /** The stack whose network it is on. Default: it has no network at all. */
  readonly on?: StageStack<E>;
  readonly caches?: readonly CacheMount[];
  /**
   * Files or folders of the container, each to its place on this machine, which it replaces; also when the task fails.
   * One that is not there fails the task, as does a link in it that leads out of it.
   */
  readonly collects?: Readonly<Record<string, string>>;
  /** How long it may run, in milliseconds. Default: 600 000. */
  readonly timeoutMs?: number;
}

/** Work of a stage: it passes with exit code 0. */
export interface StageTask {
  readonly kind: "stage-task";
  readonly name: string;
  readonly create: TaskFactory<never>;
  readonly options: StageTaskOptions;
}

interface Declared {
  readonly name: string;
  /** The stage that this one goes on from. */
  readonly from: Stage | undefined;
}

/** Tasks that must all pass. Hands over that these sources passed, and with which caches. */
export interface TestStage extends Declared {
  readonly kind: "test";
  readonly tasks: readonly StageTask[];
  /** Files and folders that were tested. */
  readonly sources: readonly string[];
}

/** Tasks that make the artefact. Hands over its folder and `manifest.json`. */
export interface BuildStage extends Declared {
  readonly kind: "build";
  readonly from: TestStage;
  readonly tasks: readonly StageTask[];
  readonly options: BuildOptions;
}

export interface BuildOptions {
  /** The folder that the tasks collect into, below `target/`: with the Dockerfile, all that the release image is made of. */
  readonly artefact: string;
  readonly version: () => string | Promise<string>;
  /** More versions for the manifest: of what was built in. */
  readonly versions?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** Builds the release image and holds it to its acceptance specs. Hands over the image's ID and the verdict. */
export interface ReleaseStage extends Declared {
  readonly kind: "release";
  readonly from: BuildStage;
  readonly options: ReleaseOptions;
}

export interface ReleaseOptions {
  /** What the image is called on this machine. */
  readonly image: string;
  /** Address of the source code, for the image's label. */
  readonly source: string;
  /** Whether the build's steps may use the network: what they install is then what a mirror has that day. Default false. */
  readonly network?: boolean;
  /** The suite under `specs/` that decides, and the settings that put the image under test. */
  readonly acceptance: {
    readonly suite: string;
    readonly environment: (image: string) => Readonly<Record<string, string>>;
  };
  /** The same specs from an image of their own, on the network of the stack: what `STACKSPEC_SPECS=container` runs. */
  readonly specs?: {
    readonly stack: (image: string) => Stack | Promise<Stack>;
    readonly image: ImageSource;
    readonly create: TaskFactory;
    /** The JUnit report's path in the container. */
    readonly report: string;
  };
}

/** Tags and pushes the image that passed. */
export interface PublishStage extends Declared {
  readonly kind: "publish";
  readonly from: ReleaseStage;
  readonly options: PublishOptions;
}

export interface PublishOptions {
  /** The image's name in the registry. */
  readonly repository: string;
  /** The branch that gets `latest` and is deployed. Default: `main`. */
  readonly mainBranch?: string;
}

export type Stage = TestStage | BuildStage | ReleaseStage | PublishStage;

/** A declared pipeline: data only. */
export interface Pipeline {
  readonly name: string;
  /** In the order of their declaration, so each after the one that it goes on from. */
  readonly stages: readonly Stage[];
}
