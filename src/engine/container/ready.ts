import { connect } from "node:net";
import type Dockerode from "dockerode";
import type { ErrorCode } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import type { HttpProbe, Probe } from "../../stack/probe.ts";
import type { Runtime } from "../docker/connect.ts";
import type { Log } from "../docker/log.ts";
import { Refusal, askUntil, refusalOf, watchStatuses } from "./asking.ts";

/** Time between two questions, in milliseconds: below what a person or a total notices, cheap enough for fifty services. */
const ASK_EVERY_MS = 25;
/** A published port whose service does not listen yet is accepted by Docker's proxy, then closed at once. */
const STAYS_OPEN_MS = 40;
/**
 * How long the container itself may take to refuse or to accept. Where its address cannot be reached from here, as that
 * of a rootless engine, nothing comes back, and the published port's word counts after this.
 */
const DIRECT_ANSWER_MS = 500;
/** That there is no route to a host may be known after three seconds, when nobody has answered for its address. */
export const HOST_TIMEOUT_MS = 5_000;
/** One question may take this long; then the next is asked. */
export const ANSWER_TIMEOUT_MS = 2_000;
/** The code of a failure by what was waited for. */
export const PROBE_CODES: Record<Probe["kind"], ErrorCode> = {
  http: "WRONG_ANSWER",
  port: "NOT_LISTENING",
  log: "LOG_LINE_MISSING",
  health: "UNHEALTHY",
  sql: "SQL_REFUSED",
  server: "NOT_READY",
};

/** Codes of the wait strategies that a container may bring along. */
export const STRATEGY_CODES: Readonly<Record<string, ErrorCode>> = {
  HttpWaitStrategy: "WRONG_ANSWER",
  HostPortWaitStrategy: "NOT_LISTENING",
  HealthCheckWaitStrategy: "UNHEALTHY",
  LogWaitStrategy: "LOG_LINE_MISSING",
};

/** What a probe may look at. */
export interface Probed {
  readonly name: string;
  readonly host: string;
  readonly log: Log;
  /** The host's port for a container port. @throws when it is not published */
  hostPort(containerPort: number): number;
  readonly exposedPorts: readonly number[];
  readonly httpPort: number | undefined;
  /** Asks a server of a known kind once, in its own language. */
  /** The time for the whole start, in milliseconds. */
  readonly startTimeoutMs: number;
  readonly askServer: (() => Promise<Error | undefined>) | undefined;
  health(): Promise<string>;
  /** The container's own address, where this machine can reach it. */
  readonly address?: () => Promise<string | undefined>;
  /** Told each answer that was not the expected one: the last of them explains a failure. */
  noted(answer: string): void;
}

/**
 * Resolves as soon as `probe` is satisfied.
 *
 * @throws StackspecError when the answer will not change any more, or the reason of `signal` when that aborts
 */
export async function untilReady(probe: Probe, probed: Probed, signal: AbortSignal): Promise<void> {
  if (probe.kind === "log") return untilLogged(probe.pattern, probe.times, probed, signal);
  return askUntil(question(probe, probed), {
    subject: probed.name,
    code: PROBE_CODES[probe.kind],
    hint: "its log says more",
    intervalMs: ASK_EVERY_MS,
    signal,
    noted: probed.noted,
  });
}

/** Asks once: nothing when satisfied, else what the answer was. */
function question(probe: Exclude<Probe, { kind: "log" }>, probed: Probed): () => Promise<string | Error | undefined> {
  switch (probe.kind) {
    case "http": {
      const statuses = watchStatuses(probed.startTimeoutMs);
      return () => askHttp(probe, probed, statuses);
    }
    case "port": {
      const ports = probe.port === undefined ? probed.exposedPorts : [probe.port];
      return async () =>
        (await Promise.all(ports.map((port) => askPort(port, probed)))).find((answer) => answer !== undefined);
    }
    case "health":
      return async () => {
        const status = await probed.health();
        if (status === "healthy") return undefined;
        return status === "starting"
          ? "its health check has not passed yet"
          : new Refusal(`expected a healthy container, its health check says ${status}`, 0);
      };
    case "sql":
    case "server":
      return probed.askServer ?? (async () => new Refusal("nothing is known of a server of this class and image", 0));
  }
}

async function askHttp(
  { path, status, body }: HttpProbe,
  { host, hostPort, httpPort, exposedPorts }: Probed,
  statuses: ReturnType<typeof watchStatuses>,
): Promise<string | Refusal | undefined> {
  const port = httpPort ?? exposedPorts[0];
  if (port === undefined) return new Refusal("no port is exposed: set the service's option http: { port }", 0);
  const response = await httpClient(`http://${host}:${hostPort(port)}`, { recorded: false })
    .get(path)
    .timeout(ANSWER_TIMEOUT_MS)
    .catch((error: unknown) => {
      statuses.silent();
      throw error;
    });
  if (response.status === status && (body === undefined || body.test(response.text))) return undefined;
  const wanted = `${status}${body === undefined ? "" : ` with a body like ${body}`}`;
  const words = `GET ${path} answered ${response.status}, expected ${wanted}: ${response.text?.slice(0, 300) ?? ""}`;
  return response.status === status ? words : statuses.refusal(response.status, words);
}

/**
 * Asks at the published port, which says when to ask at the container itself: Docker's proxy accepts for a service that does
 * not listen, and on a busy machine takes its time to close again. So it looks for one that closes each connection at once.
 */
async function askPort(port: number, { host, hostPort, address }: Probed): Promise<string | Refusal | undefined> {
  const answer = await askSocket(host, hostPort(port), port);
  const isAccepted = answer === undefined || answer === nothingListens(port);
  const direct = isAccepted ? await address?.() : undefined;
  if (!direct) return answer;
  return new Promise((resolve) => {
    const socket = connect({ host: direct, port, timeout: DIRECT_ANSWER_MS });
    const settle = (found: string | Refusal | undefined): void => {
      socket.destroy();
      resolve(found);
    };
    // Not every engine's containers can be reached like this: where nothing comes back, the other answer counts.
    socket.once("connect", () => settle(undefined)).once("timeout", () => settle(answer));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      settle(code === "ECONNREFUSED" ? nothingListens(port) : answer),
    );
  });
}

const nothingListens = (port: number): string => `nothing listens on port ${port}`;

/** A container's own address, where this machine can reach it: that of the engine, if that is Linux. */
export async function addressOn(
  runtime: Pick<Runtime, "local">,
  container: Dockerode.Container,
  network: string,
): Promise<string | undefined> {
  if (!runtime.local || process.platform !== "linux") return undefined;
  return (await container.inspect()).NetworkSettings.Networks[network]?.IPAddress;
}

/** Why a port does not accept connections and keep them open; undefined when it does. A proxy accepts some for a server that is not there. */
export function askSocket(
  host: string,
  hostPort: number,
  port: number,
  withinMs = ANSWER_TIMEOUT_MS,
): Promise<string | Refusal | undefined> {
  return new Promise((resolve) => {
    const socket = connect(hostPort, host);
    const settle = (answer: string | Refusal | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    let timer = setTimeout(() => settle(`port ${port} does not answer`), withinMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      timer = setTimeout(() => settle(undefined), STAYS_OPEN_MS);
    });
    socket.once("data", () => settle(undefined));
    socket.once("close", () => settle(nothingListens(port)));
    socket.once("error", (error) => settle(refusalOf(error) ?? `${nothingListens(port)}: ${error.message}`));
  });
}

function untilLogged(pattern: RegExp, times: number, { log, noted }: Probed, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const expected = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ""));
    noted(`the log has not shown ${pattern} yet`);
    const stop = log.follow((line) => {
      if (!expected.test(line)) return;
      seen += 1;
      noted(`the log has shown ${pattern} ${seen} of ${times} times`);
      if (seen === times) resolve();
    });
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    // Whatever ends the wait ends the following too.
    void log.ended.then(stop);
  });
}
