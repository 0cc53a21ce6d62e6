import { existsSync } from "node:fs";
import { request } from "node:http";
import { hostname } from "node:os";
import { json } from "node:stream/consumers";
import type Dockerode from "dockerode";
import { StackspecError } from "../../errors.ts";
import { engineName, explainRefusals } from "./answers.ts";
import type { DockerContext } from "./context.ts";
import { contextSubject, readContext } from "./context.ts";

/** The engine that answers, and how to reach what it runs. */
export interface Runtime {
  readonly docker: Dockerode;
  /** Host name under which published ports are reached. */
  readonly host: string;
  /** It runs on this machine, so that ports can stay on the loopback interface. */
  readonly local: boolean;
  /** The socket's path as seen from the engine's own machine: what a reaper mounts. */
  readonly socketPath: string;
  /** What it is called: "Docker 20.10.24". */
  readonly name: string;
}

/** An engine that somebody has asked for. */
interface NamedEngine {
  readonly address: string;
  /** What names it: the subject of a failure to reach it. */
  readonly by: string;
  /** How another one is used. */
  readonly otherwise: string;
}

/** The subject of a failure to reach an engine that nobody has named. */
const ANY = "engine";
/** Why there is none where the project wants none. */
export const NONE_WANTED = "STACKSPEC_ENGINE=none";
/** How long the engine may take to say its name, in milliseconds. */
const ANSWERS_WITHIN_MS = 2_000;

/** One for the process, as Testcontainers has its client: who has connected is not asked again. */
let connecting: Promise<Runtime> | undefined;

/**
 * The Docker-compatible engine of `DOCKER_HOST` or Docker's current context, else the one that Testcontainers finds.
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
  const context = await readContext(process.env);
  const named = context === undefined ? namedByHost() : namedByContext(context);
  if (named?.address.startsWith("ssh://") === true) throw unsupported(named);
  // There is no other way to tell Testcontainers.
  const variables = context?.variables ?? {};
  Object.assign(process.env, variables);
  const { getContainerRuntimeClient } = await import("testcontainers");
  try {
    if (existsSync("/.dockerenv")) await overrideHost(named?.address);
    const { container, info } = await getContainerRuntimeClient();
    const { dockerode: docker } = container;
    if (!isNamed(docker, named?.address)) throw new Error("another engine answers, which nobody has asked for");
    const { host, remoteSocketPath: socketPath } = info.containerRuntime;
    const local = ["localhost", "127.0.0.1", "::1"].includes(host);
    const name = engineName(await docker.version());
    explainRefusals(docker, name);
    return { docker, host, local, socketPath, name };
  } catch (cause) {
    // Who tries again is not to be told that DOCKER_HOST names it.
    for (const variable of Object.keys(variables)) delete process.env[variable];
    if (named !== undefined)
      throw new StackspecError("ENGINE_UNREACHABLE", `expected an engine at ${named.address}, none answers there`, {
        subject: named.by,
        hint: `start it, or ${named.otherwise} to use another`,
        cause,
      });
    throw new StackspecError("ENGINE_UNREACHABLE", "expected a Docker-compatible engine, none answers", {
      subject: ANY,
      hint: "start Docker, Podman or Colima, or set DOCKER_HOST",
      cause,
    });
  }
}

/** Says that there is no engine, where nobody has named one, and why. */
export function missingEngine(why: string, hint?: string): StackspecError {
  const message = `expected a Docker-compatible engine: ${why}`;
  return new StackspecError("ENGINE_UNREACHABLE", message, { subject: ANY, ...(hint !== undefined && { hint }) });
}

/** Testcontainers has no way through SSH; whoever has SSH has one to the engine's socket. */
function unsupported({ address, by }: NamedEngine): StackspecError {
  const { hostname: host, port, username } = new URL(address);
  const forward = `ssh -fnNT -L /tmp/engine.sock:/var/run/docker.sock ${port && `-p ${port} `}${username && `${username}@`}${host}`;
  const settings = `DOCKER_HOST=unix:///tmp/engine.sock TESTCONTAINERS_HOST_OVERRIDE=${host} TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE=/var/run/docker.sock`;
  return new StackspecError("ENGINE_UNREACHABLE", `expected unix:// or tcp://, got ${address}`, {
    subject: by,
    hint: `Testcontainers reaches no engine through SSH. Forward its socket: ${forward}; then set ${settings}`,
  });
}

/** False for an engine at another socket than the named one: where that does not answer, Testcontainers goes on to the next. */
function isNamed({ modem }: Dockerode, address: string | undefined): boolean {
  const { socketPath } = modem as { socketPath?: string };
  return address === undefined || socketPath === undefined || address === `unix://${socketPath}`;
}

/** The engine that `DOCKER_HOST` names. An empty variable is how CI systems say "not set". */
function namedByHost(): NamedEngine | undefined {
  const { DOCKER_HOST: address = "" } = process.env;
  return address === "" ? undefined : { address, by: "DOCKER_HOST", otherwise: "unset DOCKER_HOST" };
}

function namedByContext({ name, host: address, otherwise }: DockerContext): NamedEngine {
  return { address, by: contextSubject(name), otherwise };
}

/** True when the engine that somebody has named does not answer: then no other one is what is wanted. */
export function isNamedEngineMissing(error: unknown): boolean {
  return error instanceof StackspecError && error.code === "ENGINE_UNREACHABLE" && error.subject !== ANY;
}

/**
 * Where there is a /.dockerenv, Testcontainers takes the bridge's gateway for the engine's host: right for a container
 * beside the engine, wrong for a container or machine that the engine itself runs in, as its own host name tells.
 * The environment is how Testcontainers is told otherwise, and how the processes of this run are.
 */
async function overrideHost(address = "unix:///var/run/docker.sock"): Promise<void> {
  const { TESTCONTAINERS_HOST_OVERRIDE: known } = process.env;
  if (known !== undefined || !address.startsWith("unix://")) return;
  const name = await nameOfEngine(address.slice("unix://".length)).catch(() => undefined);
  if (name === hostname()) process.env["TESTCONTAINERS_HOST_OVERRIDE"] = "localhost";
}

/** The host name that the engine says it has. */
async function nameOfEngine(socketPath: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<NodeJS.ReadableStream>();
  request({ socketPath, path: "/info", timeout: ANSWERS_WITHIN_MS }, resolve)
    .once("error", reject)
    .once("timeout", () => reject(new Error("no answer")))
    .end();
  return ((await json(await promise)) as { Name: string }).Name;
}

/** True when what was asked for is not there (any more). Of what it removes at this moment Podman says so with another status. */
export function isNotFound(error: unknown): boolean {
  const { statusCode, message = "" } = error as { statusCode?: number; message?: string };
  return statusCode === 404 || (statusCode === 500 && /\bno such container\b/i.test(message));
}
