import { randomBytes } from "node:crypto";
import type { Network, Node, Service, Stack } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import type { ContainerConfig } from "../container/configure.ts";
import { NAME_LABEL, OWNER_LABEL, RUN_LABEL, STACK_LABEL, thisProcess } from "../docker/labels.ts";
import { isPodman } from "../docker/answers.ts";
import type { Runtime } from "../docker/connect.ts";
import { watchExits } from "../docker/exits.ts";
import type { Exits } from "../docker/exits.ts";
import { createNetwork } from "./create-network.ts";
import { createClocks, createSizedVolumes, hasOwnClock, isSized, ownClock } from "./fault-volumes.ts";
import type { StackContext } from "./stack-context.ts";

/** What a stack is called on the engine, and whose it is there: decided before anything of it is made. */
export interface ResourceIdentity {
  /** The name of its network, and the value of its label. */
  readonly id: string;
  /** The value of the run label: the run's id, or, for a stack that outlives its run, one of its own. */
  readonly owner: string;
  /** Some of it is up already: of its networks and volumes those are made that are not there. */
  readonly isUp: boolean;
}

/** What the containers of one stack share on the engine: its networks and volumes, made before the first of them. */
export interface StackResources {
  readonly runtime: Runtime;
  readonly exits: Exits;
  /** How a node's container is run, as one of those that are going to run. */
  configFor(node: Node, running: readonly Node[]): ContainerConfig;
  /** Connects a container of another stack to this one's network, by this host name; disconnects it before the network goes. */
  connect(container: string, alias: string): Promise<void>;
  disconnect(container: string): Promise<void>;
  /** A volume's name on the engine. */
  volumeName(volume: Volume): string;
  /** The name of the volume that says how far the clocks of services are shifted. */
  readonly clocks: string;
}

/**
 * Connects to the engine and makes a stack's networks and volumes, all at once, but for those that are there.
 *
 * @throws StackspecError `NETWORK_EXHAUSTED` when the engine has no more addresses, `CREATE_FAILED` when it refuses otherwise
 */
export async function openResources(
  stack: Stack,
  { id, owner, isUp }: ResourceIdentity,
  context: StackContext,
): Promise<StackResources> {
  const runtime = await context.connect();
  const { publishAddress } = context;
  if (isOpen(runtime, publishAddress)) warn(runtime, context);
  const labels = { [RUN_LABEL]: owner, [STACK_LABEL]: id, [OWNER_LABEL]: thisProcess() };
  const networkName = ({ name }: Network): string => `${id}-${name}`;
  const volumeName = ({ name }: Volume): string => `${id}-${name}`;
  // No declared volume can be called so.
  const clocks = `${id}_clocks`;
  const helper = { runtime, context, labels };
  const home = runtime.docker.getNetwork(id);
  const there = isUp ? await namesOf(runtime, id) : new Set<string>();
  const networks = [id, ...stack.networks.map(networkName)].filter((name) => !there.has(name));
  const volumes = stack.volumes.map((volume) => ({ volume, Name: volumeName(volume) }));
  const missing = volumes.filter(({ Name }) => !there.has(Name));
  const [exits] = await Promise.all([
    watchExits(runtime),
    ...networks.map((name) => createNetwork(runtime, name, labels, stack.name, context)),
    ...missing
      .filter(({ volume }) => !isSized(volume))
      .map(({ Name }) => runtime.docker.createVolume({ Name, Labels: labels })),
    createSizedVolumes(
      missing.filter(({ volume }) => isSized(volume)),
      helper,
    ),
    createClocks(clocks, stack.nodes.filter(hasOwnClock), helper),
  ]);
  // There a volume belongs for good to whom the first of them has that path of, also where it is filled by another.
  const onDisk = isPodman(runtime) ? stack.volumes.filter((each) => !isSized(each)) : [];
  const folders = new Map(
    await Promise.all(onDisk.map(async (each) => [each, await folderOf(runtime, volumeName(each))] as const)),
  );
  return {
    runtime,
    exits,
    volumeName,
    clocks,
    async connect(Container, alias) {
      await home.connect({ Container, EndpointConfig: { Aliases: [alias] } });
    },
    async disconnect(Container) {
      await home.disconnect({ Container, Force: true });
    },
    configFor: (node, running) => ({
      // Others of this name may be there: of another run, or the one whose place it takes.
      name: `stackspec-${stack.name}-${node.name}-${randomBytes(3).toString("hex")}`,
      labels: { ...labels, [NAME_LABEL]: node.name },
      networks: [id, ...(node.options.networks ?? []).map(networkName)],
      alias: node.name,
      binds: (node.options.mounts ?? []).map(({ volume, path, mode }) => {
        // An empty volume takes content and owner from the image of the first container that mounts it. Left
        // to a parallel start that is a race; here the one declared first fills it.
        const fills = running.find(({ options }) => options.mounts?.some((mount) => mount.volume === volume)) === node;
        const folder = fills ? undefined : folders.get(volume);
        if (folder !== undefined) return `${folder}:${path}:${mode}`;
        return `${volumeName(volume)}:${path}:${mode}${fills ? "" : ",nocopy"}`;
      }),
      clock: hasOwnClock(node) ? ownClock(clocks, node) : undefined,
      publishAddress: publishAddress ?? (runtime.local ? "127.0.0.1" : undefined),
      sandbox: node.options.sandbox,
    }),
  };
}

/** A volume's folder on the engine's machine. */
async function folderOf({ docker }: Runtime, volume: string): Promise<string> {
  return (await docker.getVolume(volume).inspect()).Mountpoint;
}

/** Where a volume's files are listed on this machine. Podman's archives do not say whose they are: there the container does. */
export async function listedFolder(runtime: Runtime, volume: string): Promise<string | undefined> {
  if (runtime.local && !isPodman(runtime)) return folderOf(runtime, volume);
}

function warn(runtime: Runtime, { toldOpen, onProgress }: StackContext): void {
  if (toldOpen.has(runtime)) return;
  toldOpen.add(runtime);
  const text = `Published ports are open to all who reach ${runtime.host}: the setting publishAddress names one of its addresses for them`;
  onProgress({ kind: "notice", text });
}

/** True when ports are published on every address of the engine's machine. */
function isOpen({ local }: Runtime, address: string | undefined): boolean {
  return address === undefined ? !local : ["0.0.0.0", "::"].includes(address);
}

async function namesOf({ docker }: Runtime, id: string): Promise<ReadonlySet<string>> {
  const filters = { label: [`${STACK_LABEL}=${id}`] };
  const [networks, { Volumes: volumes }] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return new Set([...networks, ...(volumes ?? [])].map(({ Name }) => Name));
}

/** The volumes that specs can change: those that a service may write to. */
export function volumesToReset(stack: Stack): Volume[] {
  return stack.volumes.filter((volume) => writersOf(stack, volume).length > 0);
}

/** The services that may write to a volume. */
export function writersOf({ nodes }: Stack, volume: Volume): Service[] {
  return nodes
    .filter((node) => node.kind === "service")
    .filter(({ options }) => options.mounts?.some((mount) => mount.volume === volume && mount.mode === "rw"));
}
