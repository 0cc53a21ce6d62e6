import { StackspecError, messageOf } from "../../errors.ts";
import type { Network, Node, Stack, Volume } from "../../stack/stack.ts";
import type { ContainerConfig } from "../container/configure.ts";
import { NAME_LABEL, OWNER_LABEL, RUN_LABEL, STACK_LABEL, thisProcess } from "../docker/labels.ts";
import type { Exits } from "../docker/exits.ts";
import type { Runtime } from "../docker/connect.ts";

/** Where the containers of one stack stand: its networks and volumes, made before the first of them. */
export interface EngineResources {
  /** The place of one container among the parts of the stack that are going to run. */
  placeFor(node: Node, running: readonly Node[]): ContainerConfig;
  /** Lets a container of another stack onto the home network, by this host name; and out again before that network goes. */
  connect(container: string, alias: string): Promise<void>;
  disconnect(container: string): Promise<void>;
  /** A volume's name on the engine. */
  volumeName(volume: Volume): string;
}

/** What the containers of a stack stand on. */
export interface RunResources {
  readonly runtime: Runtime;
  readonly ground: EngineResources;
  readonly exits: Exits;
}

/** The names that a running stack and its parts have on the engine. */
function resourceNames(stackId: string) {
  return {
    home: stackId,
    network: ({ name }: Network) => `${stackId}-${name}`,
    volume: ({ name }: Volume) => `${stackId}-${name}`,
  };
}

/**
 * Makes a stack's networks and volumes, all at once, unless they exist: those of a kept stack.
 *
 * @throws StackspecError `NETWORK_EXHAUSTED` when the engine has no more addresses, `CREATE_FAILED` when it refuses otherwise
 */
export async function createNetworksAndVolumes(
  runtime: Runtime,
  stack: Stack,
  stackId: string,
  runId: string,
  exists: boolean,
): Promise<EngineResources> {
  const { docker } = runtime;
  const names = resourceNames(stackId);
  const labels = { [RUN_LABEL]: runId, [STACK_LABEL]: stackId, [OWNER_LABEL]: thisProcess() };

  const createNetwork = (name: string): Promise<unknown> =>
    docker.createNetwork({ Name: name, Driver: "bridge", Labels: labels }).catch((cause: unknown) => {
      const exhausted = /address pool/i.test(messageOf(cause));
      throw new StackspecError(
        exhausted ? "NETWORK_EXHAUSTED" : "CREATE_FAILED",
        `its network cannot be made: ${messageOf(cause)}`,
        {
          subject: stack.name,
          hint: exhausted
            ? "remove networks that nobody needs: npm run clean, docker network prune"
            : "see the engine's own log",
          cause,
        },
      );
    });
  if (!exists)
    await Promise.all([
      createNetwork(names.home),
      ...stack.networks.map((network) => createNetwork(names.network(network))),
      ...stack.volumes.map((volume) => docker.createVolume({ Name: names.volume(volume), Labels: labels })),
    ]);

  // An empty volume takes content and owner from the image of the first container that mounts it. Left
  // to a parallel start that is a race; here the one declared first fills it.
  const fillerOf = (volume: Volume, running: readonly Node[]): Node | undefined =>
    running.find(({ options }) => options.mounts?.some((mount) => mount.volume === volume));

  return {
    volumeName: names.volume,
    async connect(Container, alias) {
      await docker.getNetwork(names.home).connect({ Container, EndpointConfig: { Aliases: [alias] } });
    },
    async disconnect(Container) {
      await docker.getNetwork(names.home).disconnect({ Container, Force: true });
    },
    placeFor: (node, running) => ({
      labels: { ...labels, [NAME_LABEL]: node.name },
      networks: [names.home, ...(node.options.networks ?? []).map(names.network)],
      alias: node.name,
      mounts: (node.options.mounts ?? []).map((mount) => ({
        ...mount,
        source: names.volume(mount.volume),
        fills: fillerOf(mount.volume, running) === node,
      })),
      loopbackOnly: runtime.local,
      sandbox: node.options.sandbox,
      inMemory: undefined,
      urgent: false,
    }),
  };
}
