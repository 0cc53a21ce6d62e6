import type { GenericContainer, StartedTestContainer } from "testcontainers";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import { learnSecrets } from "../../secrets.ts";
import type { ImageSource } from "../../stack/image.ts";
import type { Probe } from "../../stack/probe.ts";
import { checkSources } from "./check-sources.ts";
import { configure } from "./configure.ts";
import type { ContainerConfig, OwnWait } from "./configure.ts";
import { environmentOf, exposedPortsOf } from "./internals.ts";
import type { Exits } from "../docker/exits.ts";
import { exitFailure, startFailure } from "./failure.ts";
import { askHealth } from "./health.ts";
import { whyLate } from "./listening.ts";
import { followLog } from "../docker/log.ts";
import type { Log } from "../docker/log.ts";
import { lookInside } from "./ask-port.ts";
import { PROBE_CODES, STRATEGY_CODES, untilReady } from "./ready.ts";
import { evidenceOfContainer } from "./remains.ts";
import type { Runtime } from "../docker/connect.ts";

/** What is run: for messages, and for the end that its container is to come to. */
export interface ContainerSubject {
  readonly kind: "service" | "task";
  readonly name: string;
  readonly options: {
    readonly image?: ImageSource;
    /** When it is ready. Default: its own wait strategy, else its health check, else its ports. */
    readonly ready?: Probe;
    readonly http?: { readonly port: number };
  };
}

/** How one container is started. */
export interface StartOptions {
  readonly subject: ContainerSubject;
  readonly config: ContainerConfig;
  readonly runtime: Runtime;
  readonly exits: Exits;
  /** Where its log is written; undefined: nowhere. */
  readonly logFile: string | undefined;
  /** Ends the wait, with its reason. */
  readonly signal: AbortSignal;
  /** The time for the whole start, in milliseconds. @default Infinity */
  readonly startTimeoutMs?: number;
  /** Asks a server of a known kind once whether it is ready. It is then waited for so, unless it says what else to wait for. */
  readonly askServer?: (port: (containerPort: number) => number) => Promise<Error | undefined>;
  /** Told each answer that is not the expected one, and, when it runs, its log. */
  readonly answered?: (answer: string) => void;
  readonly logged?: (log: Log) => void;
  /** It is asked in SQL. @default false */
  readonly inSql?: boolean;
  /** Resolves when what it depends on is there. It is created before, and started after. Default: at once. */
  readonly gate?: (created: Dockerode.Container) => Promise<void>;
}

/** A container that runs, or a task's that has exited. */
export interface RunningContainer {
  readonly started: StartedTestContainer;
  readonly container: Dockerode.Container;
  readonly log: Log;
  /** Resolves with its exit code. */
  readonly exit: Promise<number>;
}

/** The start of a container, while it goes on and after. */
export interface ContainerStart {
  /** Resolves when its process runs, ready or not; never when it does not come to that. */
  readonly running: Promise<Dockerode.Container>;
  /** Resolves when it is ready (a service) or has exited (a task). Rejects with a StackspecError that says why not. */
  readonly done: Promise<RunningContainer>;
  /** Resolves when Testcontainers has let go of it, whatever happened. */
  readonly settled: Promise<void>;
  /** An error with this sentence that says what it is waiting for: for when the wait is over. */
  overdue(what: string): Promise<StackspecError>;
  /** Its state and the end of its log. */
  evidence(): Promise<string>;
  /** True while somebody has it paused. */
  isPaused(): boolean;
}

/**
 * Starts a container and resolves when it is ready, or, for a task, has exited. Three things race: what is waited for,
 * the container's exit, and `signal`. The evidence of a failure is gathered before Testcontainers removes the container.
 */
export function startContainer(container: GenericContainer, options: StartOptions): ContainerStart {
  const { subject, config, runtime, exits, signal, gate } = options;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  signal.addEventListener("abort", () => failed.reject(signal.reason), { once: true });
  const running = Promise.withResolvers<Dockerode.Container>();

  let handle: Dockerode.Container | undefined;
  let log: Log | undefined;
  let lastAnswer: string | undefined;
  /** Set while it is waited for: the code that a failure of this wait has. */
  let waitingFor: ErrorCode | undefined;

  configure(container, config, {
    async created(id) {
      handle = runtime.docker.getContainer(id);
      learnSecrets(environmentOf(container));
      const EndpointConfig = { Aliases: [config.alias!] };
      for (const network of config.networks.slice(1))
        await runtime.docker.getNetwork(network).connect({ Container: id, EndpointConfig });
      await Promise.race([gate?.(handle), failed.promise]);
      signal.throwIfAborted();
      if (subject.kind === "service") void failOnExit(handle);
    },
    async running(hostPort, own) {
      running.resolve(handle!);
      // One that runs already has said long ago that it is ready, if it does so in its log.
      const from = config.adopted === undefined || subject.options.ready?.kind === "log" ? "start" : "now";
      log = await followLog(handle!, options.logFile, config.restartedAfter ?? from);
      options.logged?.(log);
      const end = subject.kind === "task" ? exits.of(handle!.id) : readiness(hostPort, own, log);
      try {
        await Promise.race([end, failed.promise]);
      } catch (error) {
        // Before Testcontainers kills the container for it, which would look like an exit of its own.
        failed.reject(error);
        throw error;
      }
      if (subject.kind === "task") await log.ended;
    },
  });
  if (config.adopted !== undefined) {
    handle = runtime.docker.getContainer(config.adopted);
    learnSecrets(environmentOf(container));
    void failOnExit(handle);
  }

  async function failOnExit(target: Dockerode.Container): Promise<void> {
    try {
      failed.reject(await exitFailure(subject.name, target, await exits.of(target.id)));
    } catch (error) {
      failed.reject(error);
    }
  }

  async function readiness(hostPort: (port: number) => number, own: OwnWait | undefined, ownLog: Log): Promise<void> {
    const { ready = options.askServer && { kind: options.inSql === true ? "sql" : "server" }, http } = subject.options;
    if (ready === undefined && own !== undefined) {
      const className = own.classNames.find((name) => name in STRATEGY_CODES);
      waitingFor = className === undefined ? "NOT_READY" : STRATEGY_CODES[className]!;
      return own.wait().catch(async (cause: unknown) => {
        throw await notReady(waitingFor!, messageOf(cause), "the container's own wait strategy gave up", cause);
      });
    }
    const probe = ready ?? ((await health()) === undefined ? { kind: "port", port: undefined } : { kind: "health" });
    waitingFor = PROBE_CODES[probe.kind];
    const probed = {
      name: subject.name,
      host: runtime.host,
      log: ownLog,
      hostPort,
      exposedPorts: exposedPortsOf(container),
      httpPort: http?.port,
      startTimeoutMs: options.startTimeoutMs ?? Infinity,
      askServer: options.askServer && (() => options.askServer!(hostPort)),
      health: async () => (await health()) ?? "none, for the image has none",
      inside: lookInside(runtime, handle!, config.networks[0]!),
      noted: (answer: string) => options.answered?.((lastAnswer = answer)),
    };
    await untilReady(probe, probed, signal).catch(async (error: unknown) => {
      throw error instanceof StackspecError ? error.withEvidence(await evidenceOfContainer(handle)) : error;
    });
  }

  /** What its health check says; undefined when it has none. */
  const health = (): Promise<string | undefined> => askHealth(runtime, handle!);

  async function notReady(code: ErrorCode, what: string, hint: string, cause?: unknown): Promise<StackspecError> {
    const evidence = await evidenceOfContainer(handle, lastAnswer);
    return new StackspecError(code, what, { subject: subject.name, hint, evidence, cause });
  }

  const starting = checkSources(container, subject.name, runtime).then(() => container.start());
  const done = Promise.race([starting, failed.promise]).then(
    (started) => ({ started, container: handle!, log: log!, exit: exits.of(handle!.id) }),
    (error: unknown) => {
      throw error instanceof StackspecError || error === signal.reason ? error : startFailure(subject, error);
    },
  );
  done.catch(() => {});
  return {
    running: running.promise,
    done,
    settled: Promise.allSettled([starting]).then(() => undefined),
    overdue: async (what) =>
      notReady(
        waitingFor ?? "START_TIMEOUT",
        `${what}${await whyLate(waitingFor, handle, exposedPortsOf(container), lastAnswer)}`,
        "see its log, or set STACKSPEC_START_TIMEOUT_MS",
      ),
    evidence: () => evidenceOfContainer(handle, lastAnswer),
    isPaused: () => handle !== undefined && exits.isPaused(handle.id),
  };
}
