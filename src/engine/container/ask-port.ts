import { connect } from "node:net";
import type Dockerode from "dockerode";
import type { Runtime } from "../docker/connect.ts";
import { ANSWER_TIMEOUT_MS, refusalOf } from "./asking.ts";
import type { Refusal } from "./asking.ts";
import { addressesOf } from "./listening.ts";

/** A published port whose service does not listen yet is accepted by Docker's proxy, then closed at once. */
const STAYS_OPEN_MS = 40;
/**
 * How long the container itself may take to refuse or to accept. Where its address cannot be reached from here, as that
 * of a rootless engine, nothing comes back, and the container is asked what it listens on after this.
 */
const DIRECT_ANSWER_MS = 500;
/** That there is no route to a host may be known after three seconds, when nobody has answered for its address. */
export const HOST_TIMEOUT_MS = 5_000;

/** Where a container's port is reached. */
interface Reached {
  readonly host: string;
  /** The host's port for a container port. */
  hostPort(containerPort: number): number;
  readonly inside?: Inside;
}

/** What is known of a container itself. */
export interface Inside {
  /** Its own address, where this machine may reach it. */
  address(): Promise<string | undefined>;
  /** What it listens on, "0.0.0.0:8000"; undefined where nobody can say. */
  heard(): Promise<readonly string[] | undefined>;
}

/**
 * Asks at the published port, which says when to ask at the container itself: Docker's proxy accepts for a service that does
 * not listen, and on a busy machine takes its time to close again. So it looks for one that closes each connection at once.
 */
export async function askPort(
  port: number,
  { host, hostPort, inside }: Reached,
): Promise<string | Refusal | undefined> {
  const { isAccepted, answer } = await trySocket(host, hostPort(port), port, ANSWER_TIMEOUT_MS);
  const direct = isAccepted ? await inside?.address() : undefined;
  // Not every engine's containers can be reached directly: one that seems to listen is asked itself what is heard there.
  const unconfirmed = async (): Promise<string | Refusal | undefined> =>
    answer === undefined && !isHeard(port, await inside?.heard()) ? nothingListens(port) : answer;
  if (!direct) return unconfirmed();
  return new Promise((resolve) => {
    const socket = connect({ host: direct, port, timeout: DIRECT_ANSWER_MS });
    const settle = (found: string | undefined | Promise<string | Refusal | undefined>): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => settle(undefined)).once("timeout", () => settle(unconfirmed()));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      settle(code === "ECONNREFUSED" ? nothingListens(port) : unconfirmed()),
    );
  });
}

const nothingListens = (port: number): string => `nothing listens on port ${port}`;

/** False where it is known that nobody but the container itself is heard on a port. */
function isHeard(port: number, heard: readonly string[] | undefined): boolean {
  return heard?.some((each) => each.endsWith(`:${port}`) && !/^(127\.|\[::1\])/.test(each)) ?? true;
}

/** Looks into a container. Its address is asked for once: it can be reached where the engine's machine is this one, on Linux. */
export function lookInside(runtime: Pick<Runtime, "local">, container: Dockerode.Container, network: string): Inside {
  const find = async (): Promise<string | undefined> => {
    if (!runtime.local || process.platform !== "linux") return undefined;
    return (await container.inspect()).NetworkSettings.Networks[network]?.IPAddress;
  };
  let found: Promise<string | undefined> | undefined;
  return { address: () => (found ??= find()), heard: () => addressesOf(container) };
}

/** Why a port does not accept connections and keep them open; undefined when it does. A proxy accepts some for a server that is not there. */
export async function askSocket(
  host: string,
  hostPort: number,
  port: number,
  withinMs = ANSWER_TIMEOUT_MS,
): Promise<string | Refusal | undefined> {
  return (await trySocket(host, hostPort, port, withinMs)).answer;
}

interface Tried {
  readonly isAccepted: boolean;
  readonly answer?: string | Refusal | undefined;
}

function trySocket(host: string, hostPort: number, port: number, withinMs: number): Promise<Tried> {
  return new Promise((resolve) => {
    const socket = connect(hostPort, host);
    let isAccepted = false;
    const settle = (answer?: string | Refusal): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ isAccepted, answer });
    };
    let timer = setTimeout(() => settle(`port ${port} does not answer`), withinMs);
    socket.once("connect", () => {
      isAccepted = true;
      clearTimeout(timer);
      timer = setTimeout(settle, STAYS_OPEN_MS);
    });
    socket.once("data", () => settle());
    socket.once("close", () => settle(nothingListens(port)));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      // Of a container's port the words would name another number.
      const isKnown = error.code === "ECONNREFUSED" && hostPort !== port;
      settle(refusalOf(error) ?? (isKnown ? nothingListens(port) : `${nothingListens(port)}: ${error.message}`));
    });
  });
}
