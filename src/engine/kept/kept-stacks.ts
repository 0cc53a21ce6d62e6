import { hostname } from "node:os";
import type Dockerode from "dockerode";
import { addressAt, endpointOf } from "../../stack/external.ts";
import type { Runtime } from "../docker/connect.ts";
import { NAME_LABEL, OWNER_LABEL, RUN_LABEL, hostOf } from "../docker/labels.ts";
import { readFacts } from "./kept-note.ts";
import type { Access, KeptFacts } from "./kept-note.ts";
import { isHere, isReusableStack } from "./reusable-stack.ts";

/** A stack that stays up between runs, as people see it. */
export interface KeptStack {
  /** Its name on the engine. */
  readonly id: string;
  readonly name: string;
  /** It is kept of the working directory. */
  readonly isHere: boolean;
  /** The project's folder; undefined where another user or host keeps it, or it did not come up. */
  readonly folder: string | undefined;
  /** The host that keeps it, if that is not this one. */
  readonly elsewhere: string | undefined;
  /** In the order of their names. */
  readonly services: readonly KeptService[];
  /** The service that specs talk to. */
  readonly target: KeptService | undefined;
}

export interface KeptService extends Access {
  readonly name: string;
  /** Its container's id, and what that is called. */
  readonly container: string;
  readonly containerName: string;
  /** As the engine says it: "Up 2 minutes". */
  readonly status: string;
  readonly isRunning: boolean;
  /** By which this machine reaches it: what it speaks by first. */
  readonly addresses: readonly string[];
}

/** The stacks that are kept on the engine, by all projects: first those of the working directory. */
export async function listKeptStacks(runtime: Runtime): Promise<KeptStack[]> {
  const containers = await runtime.docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } });
  const kept = Map.groupBy(containers, ({ Labels }) => Labels[RUN_LABEL]!);
  const stacks = await Promise.all(
    [...kept].filter(([id]) => isReusableStack(id)).map(async ([id, its]) => keptStack(id, its, runtime)),
  );
  return stacks.toSorted((a, b) => Number(b.isHere) - Number(a.isHere) || a.id.localeCompare(b.id));
}

async function keptStack(id: string, containers: Dockerode.ContainerInfo[], { host }: Runtime): Promise<KeptStack> {
  const facts = await readFacts(id);
  const owner = hostOf(containers[0]!.Labels[OWNER_LABEL]);
  const services = containers
    .filter(({ Id, Labels, State }) => isService(facts, Labels[NAME_LABEL]!, Id, State))
    .map((container) => keptService(container, facts?.nodes[container.Labels[NAME_LABEL]!]?.access ?? {}, host))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return {
    id,
    name: /^stackspec-(.*)-kept-/.exec(id)![1]!,
    isHere: isHere(id),
    folder: facts?.folder,
    elsewhere: owner === hostname() ? undefined : owner,
    services,
    target: services.find(({ name }) => name === facts?.target),
  };
}

/** Tasks leave their containers too. Where nothing is noted, those that run are services. */
function isService(facts: KeptFacts | undefined, name: string, container: string, state: string): boolean {
  return facts === undefined ? state === "running" : facts.nodes[name]?.container === container;
}

function keptService(info: Dockerode.ContainerInfo, access: Access, host: string): KeptService {
  const { Id, Names, Labels, State, Status, Ports } = info;
  const published = new Map(
    Ports.filter(({ PublicPort }) => PublicPort !== undefined).map(({ PrivatePort, PublicPort, IP }) => [
      PrivatePort,
      { host: ["0.0.0.0", "::", "", undefined].includes(IP) ? host : IP, port: PublicPort },
    ]),
  );
  const { http, url } = access;
  const first = url === undefined ? http : endpointOf(url).port;
  const ports = [...published.keys()].toSorted((a, b) => Number(b === first) - Number(a === first) || a - b);
  return {
    ...access,
    name: Labels[NAME_LABEL]!,
    container: Id,
    containerName: Names[0]?.slice(1) ?? Id.slice(0, 12),
    status: Status,
    isRunning: State === "running",
    addresses: ports.map((port) => {
      const at = published.get(port)!;
      if (port === http) return `http://${at.host}:${at.port}`;
      return port === first ? addressAt(url!, at.host, at.port) : `${at.host}:${at.port}`;
    }),
  };
}
