import type {
  ContainerRuntimeClient,
  GenericContainer,
  ImageName,
  ImagePullPolicy,
  StartedTestContainer,
  WaitStrategy,
} from "testcontainers";
import type Dockerode from "dockerode";

/**
 * What Testcontainers keeps to itself and the engine has to reach; TypeScript calls these members protected. No other
 * file knows of them. `specs/unit/internals.spec.ts` fails when a version of Testcontainers no longer has one.
 */
export interface Internals {
  /** What it is told: compared for snapshots, and read before its modules' `start()` hides it. */
  imageName: ImageName;
  filesToCopy: { source: string; target: string; mode?: number }[];
  directoriesToCopy: { source: string; target: string; mode?: number }[];
  contentsToCopy: { content: unknown; target: string; mode?: number }[];
  archivesToCopy: { target: string }[];
  pullPolicy: ImagePullPolicy;
  /** What a container is called on its networks. With any, it is created on the default bridge, and stays there. */
  networkAliases: string[];
  /** The only way to be created on one network, with aliases. */
  createOpts: Dockerode.ContainerCreateOptions;
  /** Volumes without copying from the image, ports on one interface, a read-only root and CPU shares have no `with…` method. */
  hostConfig: Dockerode.HostConfig;
  /** The strategy that it brings along, set as late as in a module's `start()`. */
  waitStrategy?: WaitStrategy;
  /** Told between created and started: when a container waits for what it depends on. */
  containerCreated?: (id: string) => Promise<void>;
  /** Called when every `start()` of every subclass has said what it wants, and nothing has been made yet. */
  startContainer(client: ContainerRuntimeClient): Promise<StartedTestContainer>;
  /** Takes over a container that runs. The public way, `withReuse`, finds it by a hash of its own. */
  reuseContainer(client: ContainerRuntimeClient, container: Dockerode.Container): Promise<StartedTestContainer>;
}

/**
 * What Testcontainers keeps in each container: fields that count as they are, fields that are read one by one, and
 * fields that only say when it is ready, who removes it, or where stackspec puts it; then the options that the engine is
 * asked for, which all count. A spec compares the list with Testcontainers, so that no new version adds an input unnoticed.
 */
export const FIELDS = {
  told: ["networkAliases", "copyToContainerOptions"],
  read: words(`createOpts hostConfig imageName pullPolicy
    filesToCopy directoriesToCopy contentsToCopy archivesToCopy`),
  // The network is its stack's; the last three are in the options too.
  ignored: words(`startupTimeoutMs waitStrategy logConsumer reuse autoCleanup autoRemove networkMode
    environment exposedPorts healthCheck`),
  createOpts: words("Image Cmd Entrypoint Env User WorkingDir Hostname name Labels platform ExposedPorts Healthcheck"),
  hostConfig: words(`Binds Tmpfs Ulimits SecurityOpt CapAdd CapDrop Privileged IpcMode ExtraHosts PortBindings LogConfig
    Memory NanoCpus ShmSize AutoRemove`),
};

function words(text: string): string[] {
  return text.split(/\s+/);
}

/** What Testcontainers calls on the way of a container, and does not have itself. */
export const HOOKS = new Set(["beforeContainerCreated", "containerCreated", "containerStarting", "containerStarted"]);

/** A container's members that Testcontainers keeps to itself. */
export function internalsOf(container: GenericContainer): Internals {
  return container as unknown as Internals;
}

/** All that a container keeps, by the names of its fields. */
export function fieldsOf(container: GenericContainer): Readonly<Record<string, unknown>> {
  return container as unknown as Readonly<Record<string, unknown>>;
}

/** True for Testcontainers' containers, its modules' included, whichever copy of the package made them. */
export function isContainer(value: unknown): value is GenericContainer {
  return typeof value === "object" && value !== null && "createOpts" in value && "hostConfig" in value;
}

/** An object's classes, from its own up. */
export function classesOf(object: object): { readonly name: string; readonly prototype: object }[] {
  const above = Object.getPrototypeOf(object) as object | null;
  return above === null || above === Object.prototype ? [] : [above.constructor, ...classesOf(above)];
}

/**
 * Their names: a subclass of a module's container is that module's too, and a process may hold several copies of a module.
 */
export function classNamesOf(object: object): string[] {
  return classesOf(object).map(({ name }) => name);
}

/** The environment a container is started with. Modules add theirs in `start()`: ask when it runs. */
export function environmentOf(container: GenericContainer): Record<string, string> {
  return variablesOf(internalsOf(container).createOpts.Env);
}

/** Variables by their names, of what the engine has as `NAME=value`. */
export function variablesOf(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

/** What it takes from elsewhere: files and folders to copy, and the sources of its own mounts. */
export function sourcesOf(container: GenericContainer): { copied: string[]; mounted: string[] } {
  const { filesToCopy, directoriesToCopy } = internalsOf(container);
  return {
    copied: [...filesToCopy, ...directoriesToCopy].map(({ source }) => source),
    mounted: bindsOf(container).map(({ source }) => source),
  };
}

/** Its own mounts: each a path of the engine's machine, or a volume's name, and where that is in the container. */
export function bindsOf(container: GenericContainer): { source: string; target: string; mode: string }[] {
  return (internalsOf(container).hostConfig.Binds ?? []).map((bind) => {
    const [, source = bind, target = "", mode = ""] = /^(.*?):(\/[^:]*)(?::(.*))?$/.exec(bind) ?? [];
    return { source, target, mode };
  });
}

/** True when it runs another entrypoint than its image's. */
export function hasEntrypoint(container: GenericContainer): boolean {
  return internalsOf(container).createOpts.Entrypoint !== undefined;
}

/** What a container may take at most: bytes of memory, and billionths of a CPU. */
export function limitsOf(container: GenericContainer): { memory?: number | undefined; cpu?: number | undefined } {
  const { Memory: memory, NanoCpus: cpu } = internalsOf(container).hostConfig;
  return { memory, cpu };
}

/** Whether a container was told its host name. */
export function hasHostname(container: GenericContainer): boolean {
  return internalsOf(container).createOpts.Hostname !== undefined;
}

/** The image that a container runs. */
export function imageReferenceOf(container: GenericContainer): string {
  return internalsOf(container).imageName.string;
}

/** Container ports that are published. */
export function exposedPortsOf(container: GenericContainer): number[] {
  return Object.keys(internalsOf(container).createOpts.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10));
}
