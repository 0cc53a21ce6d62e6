import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorCode } from "../../errors.ts";
import { StackspecError, messageOf } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import type { HttpProbe, Probe } from "../../stack/probe.ts";
import type { Log } from "../docker/log.ts";

/** Time between two questions, in milliseconds: below what a person or a total notices, cheap enough for fifty services. */
const ASK_EVERY_MS = 25;
/** A published port whose service does not listen yet is accepted by Docker's proxy, then closed at once. */
const STAYS_OPEN_MS = 40;
/**
 * How long the container itself may take to refuse or to accept. Where its address cannot be reached from here, as that
 * of a rootless engine, nothing comes back, and the published port's word counts after this.
 */
const DIRECT_ANSWER_MS = 500;
/** One question may take this long; then the next is asked. */
export const ANSWER_TIMEOUT_MS = 2_000;
/** A server that refuses a user for this long is not still creating that user, in milliseconds. */
const REFUSED_FOR_MS = 3_000;

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
  readonly askServer: (() => Promise<Error | undefined>) | undefined;
  health(): Promise<string>;
  /** The container's own address, where this machine can reach it. */
  readonly address?: () => Promise<string | undefined>;
  /** Told each answer that was not the expected one: the last of them explains a failure. */
  noted(answer: string): void;
}

/** An answer that no waiting will change, when it has been the same for some time. */
export class Refusal extends Error {
  readonly afterMs: number;
  /** @param afterMs that time, in milliseconds: a server that refuses a user may still be creating that user */
  constructor(message: string, afterMs = REFUSED_FOR_MS) {
    super(message);
    this.afterMs = afterMs;
  }
}

/**
 * Resolves as soon as `probe` is satisfied.
 *
 * @throws StackspecError when the answer will not change any more, or the reason of `signal` when that aborts
 */
export async function untilReady(probe: Probe, probed: Probed, signal: AbortSignal): Promise<void> {
  if (probe.kind === "log") return untilLogged(probe.pattern, probe.times, probed, signal);
  const ask = question(probe, probed);
  let refusedSince: number | undefined;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error);
    if (answer === undefined) return;
    probed.noted(messageOf(answer));
    if (!(answer instanceof Refusal)) refusedSince = undefined;
    else if (performance.now() - (refusedSince ??= performance.now()) >= answer.afterMs)
      throw new StackspecError(PROBE_CODES[probe.kind], answer.message, {
        subject: probed.name,
        hint: "its log says more",
      });
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

/** Asks once: nothing when satisfied, else what the answer was. */
function question(probe: Exclude<Probe, { kind: "log" }>, probed: Probed): () => Promise<string | Error | undefined> {
  switch (probe.kind) {
    case "http":
      return () => askHttp(probe, probed);
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

async function askHttp({ path, status, body }: HttpProbe, { host, hostPort, httpPort, exposedPorts }: Probed) {
  const port = httpPort ?? exposedPorts[0];
  if (port === undefined) return new Refusal("no port is exposed: set the service's option http: { port }", 0);
  const response = await httpClient(`http://${host}:${hostPort(port)}`, { recorded: false })
    .get(path)
    .timeout(ANSWER_TIMEOUT_MS);
  if (response.status === status && (body === undefined || body.test(response.text))) return undefined;
  const wanted = `${status}${body === undefined ? "" : ` with a body like ${body}`}`;
  return `GET ${path} answered ${response.status}, expected ${wanted}: ${response.text?.slice(0, 300) ?? ""}`;
}

/**
 * Asks at the published port, which says when to ask at the container itself: Docker's proxy accepts for a
 * service that does not listen, and on a busy machine takes its time to close again.
 */
async function askPort(port: number, { host, hostPort, address }: Probed): Promise<string | undefined> {
  const answer = await askSocket(host, hostPort(port), port);
  const direct = answer === undefined ? await address?.() : undefined;
  if (!direct) return answer;
  return new Promise((resolve) => {
    const socket = connect({ host: direct, port, timeout: DIRECT_ANSWER_MS });
    const settle = (found: string | undefined): void => {
      socket.destroy();
      resolve(found);
    };
    // Not every engine's containers can be reached like this: only a refusal is an answer.
    socket.once("connect", () => settle(undefined)).once("timeout", () => settle(undefined));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      settle(code === "ECONNREFUSED" ? `nothing listens on port ${port}` : undefined),
    );
  });
}

/** Why a port does not accept connections and keep them open; undefined when it does. A proxy accepts some for a server that is not there. */
export function askSocket(host: string, hostPort: number, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(hostPort, host);
    const settle = (answer: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    let timer = setTimeout(() => settle(`port ${port} does not answer`), ANSWER_TIMEOUT_MS);
    socket.once("connect", () => {
      clearTimeout(timer);
      timer = setTimeout(() => settle(undefined), STAYS_OPEN_MS);
    });
    socket.once("data", () => settle(undefined));
    socket.once("close", () => settle(`nothing listens on port ${port}`));
    socket.once("error", (error) => settle(`nothing listens on port ${port}: ${error.message}`));
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
