import { absolutePath, duration, fieldsOf, image, isListOf, isText, onOrOff, paths, rule } from "./check.ts";
import type { Rule, Rules } from "./check.ts";
import type { Network, ServiceOptions, TaskOptions } from "./stack.ts";
import type { Volume } from "./volume.ts";

const PROBES = ["http", "port", "log", "health", "sql", "server"];
/** Checked where more is known of it. */
const elsewhere = rule("", () => true);

/** What may be said of a service, and of a task, of a stack in which so much is declared. */
export function partOptions(
  volumes: readonly Volume[],
  networks: readonly Network[],
): Readonly<Record<"service" | "task", Rules>> {
  const ofBoth = {
    image,
    after: elsewhere,
    mounts: rule('volumes of this stack, each as volume.at("/path")', (value) =>
      isListOf(value, (each) => volumes.some((volume) => volume === fieldsOf(each)["volume"])),
    ),
    networks: rule("networks of this stack", (value) =>
      isListOf(value, (each) => networks.some((network) => network === each)),
    ),
    profiles: rule("a list of names", (value) => isListOf(value, isText)),
    sandbox: rule("an object, with a list of paths as writable or without", (value) => {
      const { writable = [], ...others } = fieldsOf(value);
      return typeof value === "object" && Object.keys(others).length === 0 && isListOf(writable, isText);
    }),
  };
  const service: Readonly<Record<keyof ServiceOptions, Rule>> = {
    ...ofBoth,
    ready: rule("what answers(), listens(), logs(), healthy() or acceptsSql() returns", (value) =>
      PROBES.some((kind) => kind === fieldsOf(value)["kind"]),
    ),
    http: elsewhere,
    driver: rule("a driver, such as postgres(), or false", (value) => {
      const { title, connect } = fieldsOf(value);
      return value === false || (typeof title === "string" && typeof connect === "function");
    }),
    data: absolutePath,
    reset: rule(
      '"keep", "recreate" or a function',
      (value) => value === "keep" || value === "recreate" || typeof value === "function",
    ),
    shared: onOrOff,
    durable: onOrOff,
    ownClock: onOrOff,
    stopTimeoutMs: duration,
    url: elsewhere,
    external: elsewhere,
  };
  const task: Readonly<Record<keyof TaskOptions, Rule>> = {
    ...ofBoth,
    inputs: paths,
    timeoutMs: duration,
    exitCode: rule('"run"', (value) => value === "run"),
  };
  return { service, task };
}
