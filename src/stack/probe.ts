import { checkOptions, checkValue, isWhole, pattern as aPattern, port as aPort, rule } from "./check.ts";

const PATH = rule("a path that begins with /", (path) => typeof path === "string" && path.startsWith("/"));
const STATUS = rule("a status from 100 to 599", (status) => isWhole(status, 100, 599));
const TIMES = rule("a whole number, from 1", (times) => isWhole(times, 1, Infinity));

/**
 * When a service is ready, as data. The engine asks every few milliseconds and stops asking when
 * the container exits or the stack's start timeout is over.
 */
export type Probe = HttpProbe | PortProbe | LogProbe | HealthProbe | SqlProbe | ServerProbe;

export interface HttpProbe {
  readonly kind: "http";
  readonly path: string;
  readonly status: number;
  readonly body: RegExp | undefined;
}

export interface PortProbe {
  readonly kind: "port";
  readonly port: number | undefined;
}

export interface LogProbe {
  readonly kind: "log";
  readonly pattern: RegExp;
  readonly times: number;
}

export interface HealthProbe {
  readonly kind: "health";
}

export interface SqlProbe {
  readonly kind: "sql";
}

/** What a service of a known kind is asked otherwise than in SQL. */
export interface ServerProbe {
  readonly kind: "server";
}

/**
 * Ready when `GET path` on the service's HTTP port answers `status` (default 200) and, if given, a body that matches.
 *
 * A server that has answered with one and the same other 4xx since its first answer, for a quarter of the time for the whole
 * start (30 s of 120 s), ends the wait with `REQUEST_REFUSED`: until then it may be loading what it will serve. Not so 408, 425
 * and 429, which ask for patience, and not after any other status.
 */
export function answers(path: string, expected: { status?: number; body?: RegExp } = {}): Probe {
  checkValue("answers()", path, PATH);
  checkOptions("answers()", expected, { status: STATUS, body: aPattern });
  return { kind: "http", path, status: expected.status ?? 200, body: expected.body };
}

/** Ready when the container port (default: every exposed one) accepts connections and keeps them open. */
export function listens(port?: number): Probe {
  if (port !== undefined) checkValue("listens()", port, aPort);
  return { kind: "port", port };
}

/** Ready when the log has shown a line that matches, `times` times (default 1). */
export function logs(pattern: RegExp, times = 1): Probe {
  checkValue("logs()", pattern, aPattern);
  checkValue("logs()", times, TIMES, "times");
  return { kind: "log", pattern, times };
}

/** Ready when the container's health check says healthy. */
export function healthy(): Probe {
  return { kind: "health" };
}

/**
 * Ready when the server runs a query for the user, password and database in the container's own environment. It is the
 * default for the servers that stackspec asks so: MySQL and PostgreSQL.
 */
export function acceptsSql(): Probe {
  return { kind: "sql" };
}
