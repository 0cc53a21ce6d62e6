import type { GenericContainer, WaitStrategy } from "testcontainers";
import { classNamesOf, exposedPortsOf, internalsOf } from "./internals.ts";
import type { Internals } from "./internals.ts";
import { mountStrictly } from "./mount-strictly.ts";
import type { Sandbox } from "../../stack/stack.ts";

/** A wait strategy that a container brought along. */
export interface OwnWait {
  /** The names of its classes, its own first. */
  readonly classNames: readonly string[];
  wait(): Promise<void>;
}

/** How a container is run, beside what it says itself. */
export interface ContainerConfig {
  /** What it is called on the engine, unless it says that itself. @default a name of the engine's */
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of networks; it is created on the first. */
  readonly networks: readonly string[];
  /** The host name that other containers reach it by; undefined on a network without names. */
  readonly alias: string | undefined;
  /** Mounts beside its own, as `SOURCE:PATH:MODE`. */
  readonly binds: readonly string[];
  /** What gives it a clock of its own. */
  readonly clock?: { readonly bind: string; readonly environment: Readonly<Record<string, string>> } | undefined;
  /** The address on which ports are published; undefined leaves it to the engine. */
  readonly publishAddress?: string | undefined;
  readonly sandbox?: Sandbox | undefined;
  /** A path with a volume of its own, which goes with it. */
  readonly volume?: string | undefined;
  /** A path that is kept in memory. */
  readonly inMemory?: string | undefined;
  /** It goes first where cores are few: a database, which the others wait for. */
  readonly urgent?: boolean;
  /** Nobody waits for its health check. Docker 20.10 may crash when such a check begins while its container ends. */
  readonly withoutHealthCheck?: boolean;
  /** Ports of the host, by the container's ("6379/tcp"), where the engine is not to choose. */
  readonly hostPorts?: Readonly<Record<string, string>> | undefined;
  /** The id of a container that runs, which is taken over where `start()` would make one; of one that has exited, which is started again. */
  readonly adopted?: string | undefined;
  /** When that has exited, in the engine's words: what it has written until then is not about this start. */
  readonly restartedAfter?: { readonly since: string } | undefined;
}

/** What is done at points of a container's way from `start()` to ready. */
export interface LifecycleHooks {
  /** It exists but does not run: the moment to wait for what it depends on. */
  created(id: string): Promise<void>;
  /** It runs and its ports are bound. Resolves when it is ready; `own` is the wait strategy it brought along. */
  running(hostPort: (containerPort: number) => number, own: OwnWait | undefined): Promise<void>;
}

/** Ten times the engine's default: https://docs.docker.com/engine/containers/resource_constraints/#configure-the-default-cfs-scheduler */
const URGENT_CPU_SHARES = 10_240;

/**
 * Appends its flags to the command that a container has by now: once more when it is started, as a module may set a command
 * as late as in start(), in place of the one that had them. By container: that is all that a driver is handed.
 */
const appended = new WeakMap<GenericContainer, () => void>();

/** Tells `container` how it is run, and calls `hooks` on its way; then `container.start()` does the rest. */
export function configure(container: GenericContainer, config: ContainerConfig, hooks: LifecycleHooks): void {
  const { labels, networks, alias, binds, publishAddress, sandbox, volume, inMemory, urgent } = config;
  const { withoutHealthCheck, adopted, clock } = config;
  const internals = internalsOf(container);
  // Our run has a reaper of its own that does not stand in the way of the first container.
  container.withLabels(labels).withAutoCleanup(false).withNetworkMode(networks[0]!);
  internals.hostConfig.Binds = [...(internals.hostConfig.Binds ?? []), ...binds];
  if (clock !== undefined) {
    internals.hostConfig.Binds.push(clock.bind);
    container.withEnvironment({ ...clock.environment });
  }

  if (sandbox !== undefined) {
    container.withSecurityOpt("no-new-privileges:true").withDroppedCapabilities("ALL");
    container.withTmpFs(Object.fromEntries((sandbox.writable ?? []).map((path) => [path, "rw,mode=1777"])));
    internals.hostConfig.ReadonlyRootfs = true;
  }
  if (urgent === true) internals.hostConfig.CpuShares = URGENT_CPU_SHARES;
  if (volume !== undefined) internals.createOpts.Volumes = { ...internals.createOpts.Volumes, [volume]: {} };
  if (inMemory !== undefined) container.withTmpFs({ [inMemory]: "rw,mode=1777" });

  const createdBefore = internals.containerCreated?.bind(container);
  internals.containerCreated = async (id) => {
    await createdBefore?.(id);
    await hooks.created(id);
  };
  const startNew = internals.startContainer.bind(container);
  internals.startContainer = (client) => {
    if (alias !== undefined) joinNetwork(internals, networks[0]!, alias);
    // Modules set theirs as late as in start(), some their command too.
    if (config.name !== undefined) internals.createOpts.name ??= config.name;
    if (withoutHealthCheck === true) internals.createOpts.Healthcheck = undefined;
    appended.get(container)?.();
    if (publishAddress !== undefined) publishOn(internals, publishAddress);
    mountStrictly(internals.hostConfig, binds, labels);
    publishAt(internals, config.hostPorts ?? {});
    container.withWaitStrategy(hookedWait(internals.waitStrategy, hooks, config.restartedAfter));
    return adopted === undefined
      ? startNew(client)
      : internals.reuseContainer(client, client.container.getById(adopted));
  };
}

/** Creates the container on this network and on no other. Testcontainers joins one later, from the default bridge, for aliases. */
function joinNetwork(internals: Internals, network: string, alias: string): void {
  const Aliases = [alias, ...internals.networkAliases];
  internals.networkAliases = [];
  internals.hostConfig.NetworkMode = network;
  internals.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases } } };
}

/** The public way, an exposed port with one of the host, has to be told before a module exposes the port itself. */
function publishAt({ hostConfig }: Internals, hostPorts: Readonly<Record<string, string>>): void {
  const all = (hostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[]>;
  for (const [port, HostPort] of Object.entries(hostPorts))
    for (const binding of all[port] ?? []) binding.HostPort = HostPort;
}

/** The public way is an option of the network, which Docker heeds and Podman does not (5.8 publishes on 0.0.0.0 all the same). */
function publishOn({ hostConfig }: Internals, address: string): void {
  for (const bindings of Object.values(hostConfig.PortBindings ?? {}) as { HostIp?: string }[][])
    for (const binding of bindings) binding.HostIp ??= address;
}

/** A wait strategy that leaves the waiting to the hooks; a timeout that is set on it is the own strategy's. */
function hookedWait(
  own: WaitStrategy | undefined,
  hooks: LifecycleHooks,
  restartedAfter?: { since: string },
): WaitStrategy {
  const after = restartedAfter === undefined ? undefined : new Date(restartedAfter.since);
  const hooked: WaitStrategy = {
    waitUntilReady: (target, ports, since) =>
      hooks.running(
        (port) => ports.getBinding(port),
        own && { classNames: classNamesOf(own), wait: () => own.waitUntilReady(target, ports, after ?? since) },
      ),
    withStartupTimeout: (timeoutMs) => {
      own?.withStartupTimeout(timeoutMs);
      return hooked;
    },
    isStartupTimeoutSet: () => own?.isStartupTimeoutSet() ?? true,
    getStartupTimeout: () => own?.getStartupTimeout() ?? 0,
  };
  return hooked;
}

/** Adds arguments to the image's own command, or to one that begins with its program; a command of another kind stays as it is. */
export function appendFlags(container: GenericContainer, flags: readonly string[], program: string): void {
  appended.set(container, () => appendFlags(container, flags, program));
  const { Cmd: command = [] } = internalsOf(container).createOpts;
  if (flags.every((flag) => command.includes(flag))) return;
  const [first = "-", ...rest] = command;
  // Redis has its configuration file first.
  const files = rest.slice(
    0,
    [...rest, "-"].findIndex((word) => word.startsWith("-")),
  );
  if (first === program) container.withCommand([program, ...files, ...flags, ...rest.slice(files.length)]);
  else if (first.startsWith("-")) container.withCommand([...flags, ...command]);
}

/** What an image runs. */
export interface ImageCommand {
  readonly Entrypoint?: string[] | string | undefined;
  readonly Cmd?: string[] | undefined;
}

/** Runs a shell command first, then what the image, or the container, runs anyway. */
export function runFirst(container: GenericContainer, script: string, image: ImageCommand): void {
  const { createOpts } = internalsOf(container);
  const entrypoint = [createOpts.Entrypoint ?? image.Entrypoint ?? []].flat();
  // Docker forgets the image's command when the entrypoint is another.
  const command = createOpts.Cmd ?? image.Cmd ?? [];
  container.withEntrypoint(["sh", "-c", `${script} && exec "$@"`, "sh", ...entrypoint]).withCommand(command);
}

/** Exposes a port unless it is exposed already. */
export function expose(container: GenericContainer, port: number): void {
  if (!exposedPortsOf(container).includes(port)) container.withExposedPorts(port);
}
