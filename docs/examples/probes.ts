// acceptsSql, answers, healthy, listens, logs, Probe
import { acceptsSql, answers, healthy, listens, logs } from "stackspec";
import type { Probe } from "stackspec";

/** What the option `ready` of a service may be. */
export const probes: readonly Probe[] = [
  answers("/health", { status: 204 }),
  listens(8080),
  logs(/ready to accept connections/),
  healthy(),
  acceptsSql(),
];
