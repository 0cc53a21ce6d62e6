import type { GenericContainer, ImageName, WaitStrategy } from "testcontainers";
import { exposedPortsOf } from "./internals.ts";
import type { Internals } from "./internals.ts";
import type { Mount, Sandbox } from "../../stack/stack.ts";

/** A wait strategy that a container brought along. */
export interface OwnWait {
  /** The name of its class. */
  readonly name: string;
  wait(): Promise<void>;
}

/** How a container takes its place in a stack. */
export interface ContainerConfig {
  readonly labels: Readonly<Record<string, string>>;
  /** Names of networks; the first is the stack's own. */
  readonly networks: readonly string[];
  /** The host name that other containers reach it by. */
  readonly alias: string;
  readonly mounts: readonly (Mount & { readonly source: string; readonly fills: boolean })[];
  /** Publish ports on 127.0.0.1 only. */
  readonly loopbackOnly: boolean;
  readonly sandbox: Sandbox | undefined;
  /** A path that is kept in memory. */
  readonly inMemory: string | undefined;
  /** It goes first where cores are few: a database, which the others wait for. */
  readonly urgent: boolean;
}

/** What happens on the way of a container from made to ready. */
export interface LifecycleHooks {
  /** It exists but does not run: the moment to wait for what it depends on. */
  created(id: string): Promise<void>;
  /** It runs and its ports are bound. Resolves when it is ready; `own` is its own wait strategy, undefined for the default. */
  running(hostPort: (containerPort: number) => number, own: OwnWait | undefined): Promise<void>;
}

/** Ten times the engine's default: https://docs.docker.com/engine/containers/resource_constraints/#configure-the-default-cfs-scheduler */
const URGENT_CPU_SHARES = 10_240;

/** Puts `container` in its place and has `passage` told of its way; then `container.start()` does the rest. */
export function place(container: GenericContainer, placement: ContainerConfig, passage: LifecycleHooks): void {
  const inside = container as unknown as Internals;
  container.withLabels(placement.labels);
  // Our run has a reaper of its own that does not stand in the way of the first container.
  container.withAutoCleanup(false);

  // Testcontainers' aliases put a container on the default bridge as well; this way it is on the stack's networks only.
  const [home] = placement.networks;
  inside.hostConfig.NetworkMode = home;
  container.withNetworkMode(home!);
  inside.createOpts.NetworkingConfig = {
    EndpointsConfig: Object.fromEntries([[home!, { Aliases: [placement.alias] }]]),
  };

  inside.hostConfig.Binds = [
    ...(inside.hostConfig.Binds ?? []),
    ...placement.mounts.map(({ source, path, mode, fills }) => `${source}:${path}:${mode}${fills ? "" : ",nocopy"}`),
  ];
  if (placement.loopbackOnly) {
    for (const bindings of Object.values(inside.hostConfig.PortBindings ?? {}) as { HostIp?: string }[][])
      for (const binding of bindings) binding.HostIp ??= "127.0.0.1";
  }

  if (placement.sandbox !== undefined) {
    container.withSecurityOpt("no-new-privileges:true").withDroppedCapabilities("ALL");
    container.withTmpFs(Object.fromEntries((placement.sandbox.writable ?? []).map((path) => [path, "rw,mode=1777"])));
    inside.hostConfig.ReadonlyRootfs = true;
  }

  if (placement.urgent) inside.hostConfig.CpuShares = URGENT_CPU_SHARES;
  if (placement.inMemory !== undefined) container.withTmpFs({ [placement.inMemory]: "rw,mode=1777" });

  const createdBefore = inside.containerCreated?.bind(container);
  inside.containerCreated = async (id) => {
    await createdBefore?.(id);
    await passage.created(id);
  };

  const selectBefore = inside.selectWaitStrategy.bind(container);
  inside.selectWaitStrategy = async (...input) => {
    const inner = await selectBefore(...input);
    // The default for listening ports runs three processes in the container every 100 ms; ours only connects.
    const own = inside.waitStrategy !== undefined || inner.constructor.name !== "HostPortWaitStrategy";
    return delegate(inner, (target, ports, since) =>
      passage.running(
        (port) => ports.getBinding(port),
        own ? { name: inner.constructor.name, wait: () => inner.waitUntilReady(target, ports, since) } : undefined,
      ),
    );
  };
}

/** Adds arguments to the image's own command; a container with a command of another kind keeps that. */
export function appendFlags(container: GenericContainer, flags: readonly string[]): void {
  const { Cmd: command = [] } = (container as unknown as Internals).createOpts;
  if (command.every((word) => word.startsWith("-"))) container.withCommand([...flags, ...command]);
}

/** Takes over a container that is up, where `start()` would make one. */
export function adopt(container: GenericContainer, id: string): void {
  const inside = container as unknown as Internals;
  inside.startContainer = (client) => inside.reuseContainer(client, client.container.getById(id));
}

/** Runs another image in the place of a container's own. */
export function replaceImage(container: GenericContainer, image: ImageName): void {
  const inside = container as unknown as Internals;
  inside.imageName = image;
  inside.createOpts.Image = image.string;
}

/** What an image runs. */
export interface Runs {
  readonly Entrypoint?: string[] | string | undefined;
  readonly Cmd?: string[] | undefined;
}

/** Runs a shell command first, then what the image, or the container, runs anyway. */
export function runFirst(container: GenericContainer, script: string, config: Runs): void {
  const { createOpts } = container as unknown as Internals;
  const entrypoint = [createOpts.Entrypoint ?? config.Entrypoint ?? []].flat();
  // Docker forgets the image's command when the entrypoint is another.
  const command = createOpts.Cmd ?? config.Cmd ?? [];
  container.withEntrypoint(["sh", "-c", `${script} && exec "$@"`, "sh", ...entrypoint]).withCommand(command);
}

/** Exposes a port unless it is exposed already. */
export function expose(container: GenericContainer, port: number): void {
  if (!exposedPortsOf(container).includes(port)) container.withExposedPorts(port);
}

/** The same wait strategy with another way to wait. */
function delegate(inner: WaitStrategy, waitUntilReady: WaitStrategy["waitUntilReady"]): WaitStrategy {
  const outer: WaitStrategy = {
    waitUntilReady,
    withStartupTimeout: (timeoutMs) => {
      inner.withStartupTimeout(timeoutMs);
      return outer;
    },
    isStartupTimeoutSet: () => inner.isStartupTimeoutSet(),
    getStartupTimeout: () => inner.getStartupTimeout(),
  };
  return outer;
}

/** Adds mounts, as `SOURCE:PATH:MODE`, to those that a container brought along. */
export function addBinds(container: GenericContainer, binds: readonly string[]): void {
  const { hostConfig } = container as unknown as Internals;
  hostConfig.Binds = [...(hostConfig.Binds ?? []), ...binds];
}
