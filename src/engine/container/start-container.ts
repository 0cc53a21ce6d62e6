import type { GenericContainer, StartedTestContainer } from "testcontainers";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import { learnSecrets } from "../../secrets.ts";
import type { Node } from "../../stack/stack.ts";
import type { Probe } from "../../stack/probe.ts";
import { checkSources } from "./check-sources.ts";
import { adopt, place } from "./configure.ts";
import { environmentOf, exposedPortsOf } from "./internals.ts";
import type { OwnWait, ContainerConfig } from "./configure.ts";
import type { Exits } from "../docker/exits.ts";
import { evidenceOf, exitFailure, startFailure } from "./failure.ts";
import { followLog } from "../docker/log.ts";
import type { Log } from "../docker/log.ts";
import { PROBE_CODES, untilReady } from "./ready.ts";
import type { Runtime } from "../docker/connect.ts";

/** How one container is run. */
export interface ContainerRun {
  readonly node: Node;
  readonly placement: ContainerConfig;
  readonly runtime: Runtime;
  readonly exits: Exits;
  /** Where its log is written; undefined: nowhere. */
  readonly logFile: string | undefined;
  /** Ends the wait, with its reason. */
  readonly signal: AbortSignal;
  /** Resolves when what it depends on is there. It is created before, and started after. */
  readonly gate: () => Promise<void>;
  readonly onRunning: () => void;
  /** The container is up already, under this id. */
  readonly adopted: string | undefined;
}

/** A container that runs, or a task's that has ended. */
export interface RunningContainer {
  readonly started: StartedTestContainer;
  readonly container: Dockerode.Container;
  readonly log: Log;
  /** Resolves with its exit code. */
  readonly exit: Promise<number>;
}

/** A container on its way, open to be asked why it takes so long. */
export interface ContainerStart {
  /** Resolves when it is ready (a service) or has exited (a task). Rejects with a StackspecError that says why not. */
  readonly done: Promise<RunningContainer>;
  /** Settles when Testcontainers has let go of it, whatever happened. */
  readonly settled: Promise<void>;
  /** What it is waiting for, as an error with this sentence: for when the wait is over. */
  overdue(what: string): Promise<StackspecError>;
  evidence(): Promise<string>;
}

/** Codes of the wait strategies that a container may bring along. */
const OWN_CODES: Readonly<Record<string, ErrorCode>> = {
  HttpWaitStrategy: "WRONG_ANSWER",
  HostPortWaitStrategy: "NOT_LISTENING",
  HealthCheckWaitStrategy: "UNHEALTHY",
  LogWaitStrategy: "LOG_LINE_MISSING",
};

/**
 * Takes a container from its declaration to ready, or, for a task, to its end. Three things race:
 * what is waited for, the container's exit, and `signal`. The evidence of a failure is gathered
 * before Testcontainers removes the container.
 */
export function startContainer(container: GenericContainer, run: ContainerRun): ContainerStart {
  const { node, runtime, exits, signal } = run;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  signal.addEventListener("abort", () => failed.reject(signal.reason), { once: true });

  let handle: Dockerode.Container | undefined;
  let log: Log | undefined;
  let lastAnswer: string | undefined;
  /** Set while it is waited for: the code that a failure of this wait has. */
  let waitingFor: ErrorCode | undefined;

  place(container, run.placement, {
    async created(id) {
      handle = runtime.docker.getContainer(id);
      learnSecrets(environmentOf(container));
      for (const network of run.placement.networks.slice(1))
        await runtime.docker
          .getNetwork(network)
          .connect({ Container: id, EndpointConfig: { Aliases: [run.placement.alias] } });
      await Promise.race([run.gate(), failed.promise]);
      signal.throwIfAborted();
      if (node.kind === "service") void failOnExit(handle, exits.of(id));
    },
    async running(hostPort, own) {
      run.onRunning();
      log = await followLog(handle!, run.logFile);
      try {
        await Promise.race([
          node.kind === "task" ? exits.of(handle!.id) : readiness(hostPort, own, log),
          failed.promise,
        ]);
      } catch (error) {
        // Before Testcontainers kills the container for it, which would look like an exit of its own.
        failed.reject(error);
        throw error;
      }
      if (node.kind === "task") await log.ended;
    },
  });

  if (run.adopted !== undefined) {
    handle = runtime.docker.getContainer(run.adopted);
    adopt(container, run.adopted);
    learnSecrets(environmentOf(container));
    void failOnExit(handle, exits.of(run.adopted));
  }

  async function failOnExit(target: Dockerode.Container, exit: Promise<number>): Promise<void> {
    try {
      failed.reject(await exitFailure(node.name, target, await exit));
    } catch (error) {
      failed.reject(error);
    }
  }

  async function readiness(hostPort: (port: number) => number, own: OwnWait | undefined, ownLog: Log): Promise<void> {
    const declared = node.kind === "service" ? node.options : {};
    if (declared.ready === undefined && own !== undefined) {
      waitingFor = OWN_CODES[own.name] ?? "NOT_READY";
      return own.wait().catch(async (cause: unknown) => {
        throw await notReady(waitingFor!, messageOf(cause), "the container's own wait strategy gave up", cause);
      });
    }
    const probe: Probe = declared.ready ?? { kind: "port", port: undefined };
    waitingFor = PROBE_CODES[probe.kind];
    const probed = {
      name: node.name,
      host: runtime.host,
      log: ownLog,
      hostPort,
      exposedPorts: exposedPortsOf(container),
      httpPort: declared.http?.port,
      environment: environmentOf(container),
      health: async () => (await handle!.inspect()).State.Health?.Status ?? "none, for the image has none",
      address: async () => {
        if (!runtime.local || process.platform !== "linux") return undefined;
        const { Networks } = (await handle!.inspect()).NetworkSettings;
        return Networks[run.placement.networks[0]!]?.IPAddress;
      },
      noted: (answer: string) => (lastAnswer = answer),
    };
    await untilReady(probe, probed, signal).catch(async (error: unknown) => {
      throw error instanceof StackspecError ? error.withEvidence(await evidenceOf(handle)) : error;
    });
  }

  async function notReady(code: ErrorCode, what: string, hint: string, cause?: unknown): Promise<StackspecError> {
    return new StackspecError(code, what, {
      subject: node.name,
      hint,
      evidence: await evidenceOf(handle, lastAnswer),
      cause,
    });
  }

  const starting = checkSources(container, node.name, runtime).then(() => container.start());
  const done = Promise.race([starting, failed.promise]).then(
    (started) => ({ started, container: handle!, log: log!, exit: exits.of(handle!.id) }),
    (error: unknown) => {
      throw error instanceof StackspecError || error === signal.reason ? error : startFailure(node, error);
    },
  );
  done.catch(() => {});
  return {
    done,
    settled: Promise.allSettled([starting]).then(() => undefined),
    overdue: (what) =>
      notReady(
        waitingFor ?? "START_TIMEOUT",
        lastAnswer === undefined ? what : `${what}: ${lastAnswer}`,
        "see its log, or set STACKSPEC_START_TIMEOUT_MS",
      ),
    evidence: () => evidenceOf(handle, lastAnswer),
  };
}
