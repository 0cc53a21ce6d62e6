import { createServer } from "node:net";
import type Dockerode from "dockerode";
import { StackspecError } from "../../errors.ts";

/** The engine that answers, and how to reach what it runs. */
export interface Runtime {
  readonly docker: Dockerode;
  /** Host name under which published ports are reached. */
  readonly host: string;
  /** It runs on this machine, so that ports can stay on the loopback interface. */
  readonly local: boolean;
  /** The socket's path as seen from the engine's own machine: what a reaper mounts. */
  readonly socketPath: string;
  readonly version: string;
}

let connecting: Promise<Runtime> | undefined;

/**
 * The Docker-compatible engine that Testcontainers finds (`DOCKER_HOST`, context, socket, Podman, Colima …).
 * Looked for once; a failed search is forgotten, so that it can be repeated after an installation.
 *
 * @throws StackspecError `ENGINE_UNREACHABLE`
 */
export function connectEngine(): Promise<Runtime> {
  connecting ??= connect().catch((error: unknown) => {
    connecting = undefined;
    throw error;
  });
  return connecting;
}

async function connect(): Promise<Runtime> {
  const { getContainerRuntimeClient } = await import("testcontainers");
  try {
    const { container, info } = await getContainerRuntimeClient();
    // Where there is a /.dockerenv, Testcontainers takes the bridge's gateway for the engine's host. If that is an address
    // of this very machine, so is the engine, and its ports can stay on the loopback interface.
    if (await isOwnAddress(info.containerRuntime.host))
      Object.assign(info.containerRuntime, { host: "localhost", hostIps: [{ address: "127.0.0.1", family: 4 }] });
    const { host, remoteSocketPath, serverVersion } = info.containerRuntime;
    const local = ["localhost", "127.0.0.1", "::1"].includes(host);
    return { docker: container.dockerode, host, local, socketPath: remoteSocketPath, version: String(serverVersion) };
  } catch (cause) {
    throw new StackspecError("ENGINE_UNREACHABLE", "expected a Docker-compatible engine, none answers", {
      subject: "engine",
      hint: "start Docker, Podman or Colima, or set DOCKER_HOST; STACK=embedded runs without one",
      cause,
    });
  }
}

/** True for an address that this machine can listen on: a bridge without containers is on no list of interfaces. */
function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(0, host, () => server.close(() => resolve(true)));
  });
}

/** True when what was asked for is not there (any more). */
export function isNotFound(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}
