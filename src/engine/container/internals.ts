import type {
  ContainerRuntimeClient,
  GenericContainer,
  ImageName,
  StartedTestContainer,
  WaitStrategy,
} from "testcontainers";
import type Dockerode from "dockerode";

/**
 * What Testcontainers keeps to itself and the engine has to reach: TypeScript calls these members
 * protected. This file looks at them, `container.ts` changes them, and no other knows of them.
 */
export interface Internals {
  imageName: ImageName;
  createOpts: Dockerode.ContainerCreateOptions;
  hostConfig: Dockerode.HostConfig;
  waitStrategy?: WaitStrategy;
  containerCreated?: (id: string) => Promise<void>;
  selectWaitStrategy(...input: unknown[]): Promise<WaitStrategy>;
  startContainer(client: ContainerRuntimeClient): Promise<StartedTestContainer>;
  reuseContainer(client: ContainerRuntimeClient, container: Dockerode.Container): Promise<StartedTestContainer>;
  filesToCopy: { source: string }[];
  directoriesToCopy: { source: string }[];
}

/** True for Testcontainers' containers, its modules' included, whichever copy of the package made them. */
export function isContainer(value: unknown): value is GenericContainer {
  return typeof value === "object" && value !== null && "createOpts" in value && "hostConfig" in value;
}

/** The environment a container is started with. Modules add theirs in `start()`: ask when it runs. */
export function environmentOf(container: GenericContainer): Record<string, string> {
  const pairs = (container as unknown as Internals).createOpts.Env ?? [];
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

/** What it takes from elsewhere: files and folders to copy, and the sources of its own mounts. */
export function sourcesOf(container: GenericContainer): { copied: string[]; mounted: string[] } {
  const { filesToCopy, directoriesToCopy, hostConfig } = container as unknown as Internals;
  return {
    copied: [...filesToCopy, ...directoriesToCopy].map(({ source }) => source),
    mounted: (hostConfig.Binds ?? []).map((bind) => bind.slice(0, bind.indexOf(":"))),
  };
}

/** All that a container was told, as plain data: equal for containers that would be run in the same way. */
export function declarationOf(container: GenericContainer): object {
  return JSON.parse(JSON.stringify(container)) as object;
}

/** True when it runs another entrypoint than its image's. */
export function hasEntrypoint(container: GenericContainer): boolean {
  return (container as unknown as Internals).createOpts.Entrypoint !== undefined;
}

/** The image that a container runs. */
export function imageReferenceOf(container: GenericContainer): string {
  return (container as unknown as Internals).imageName.string;
}

/** Container ports that are published. */
export function exposedPortsOf(container: GenericContainer): number[] {
  return Object.keys((container as unknown as Internals).createOpts.ExposedPorts ?? {}).map((port) =>
    Number.parseInt(port, 10),
  );
}
