import type { ErrorCode } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import type { HttpProbe, Probe } from "../../stack/probe.ts";
import type { Log } from "../docker/log.ts";
import { askPort } from "./ask-port.ts";
import type { Inside } from "./ask-port.ts";
import { ANSWER_TIMEOUT_MS, Refusal, askUntil, watchStatuses } from "./asking.ts";

/** Time between two questions, in milliseconds: below what a person or a total notices, cheap enough for fifty services. */
const ASK_EVERY_MS = 25;
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
  /** The time for the whole start, in milliseconds. */
  readonly startTimeoutMs: number;
  /** Asks a server of a known kind once, in its own language. */
  readonly askServer: (() => Promise<Error | undefined>) | undefined;
  health(): Promise<string>;
  readonly inside?: Inside;
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
