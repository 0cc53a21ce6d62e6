import { usageError } from "../errors.ts";
import type { Network, ServiceOptions, TaskOptions } from "./stack.ts";
import type { Volume } from "./volume.ts";

/** What is declared already, which options may be about. */
interface Declared {
  readonly volumes: readonly Volume[];
  readonly networks: readonly Network[];
}

/** What a value is to be, in words, and whether one is. */
interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown, declared: Declared) => boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const rule = (expected: string, holds: Rule["holds"]): Rule => ({ expected, holds });
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? value : {}) as Fields;
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isListOf = (value: unknown, holds: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);

const paths = rule("a list of paths", (value) => isListOf(value, isText));
const onOrOff = rule("true or false", (value) => typeof value === "boolean");
const duration = rule("milliseconds, from 0", (value) => Number.isFinite(value) && Number(value) >= 0);
/** Told by those who check it. */
const elsewhere = rule("", () => true);
const PROBES = ["http", "port", "log", "health", "sql", "server"];

const OF_BOTH = {
  image: rule(
    "an image's name or what imageFrom() returns",
    (value) => isText(value) || (fields(value)["kind"] === "build" && isText(fields(value)["folder"])),
  ),
  after: elsewhere,
  mounts: rule('volumes of this stack, each as volume.at("/path")', (value, { volumes }) =>
    isListOf(value, (each) => volumes.some((volume) => volume === fields(each)["volume"])),
  ),
  networks: rule("networks of this stack", (value, { networks }) =>
    isListOf(value, (each) => networks.some((network) => network === each)),
  ),
  profiles: rule("a list of names", (value) => isListOf(value, isText)),
  sandbox: rule("an object, with a list of paths as writable or without", (value) => {
    const { writable = [], ...others } = fields(value);
    return typeof value === "object" && Object.keys(others).length === 0 && isListOf(writable, isText);
  }),
};
const OF_SERVICES: Readonly<Record<keyof ServiceOptions, Rule>> = {
  ...OF_BOTH,
  ready: rule("what answers(), listens(), logs(), healthy() or acceptsSql() returns", (value) =>
    PROBES.some((kind) => kind === fields(value)["kind"]),
  ),
  http: elsewhere,
  driver: rule("a driver, such as postgres(), or false", (value) => {
    const { title, connect } = fields(value);
    return value === false || (typeof title === "string" && typeof connect === "function");
  }),
  data: rule("an absolute path", (value) => typeof value === "string" && value.startsWith("/")),
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

const OF_TASKS: Readonly<Record<keyof TaskOptions, Rule>> = {
  ...OF_BOTH,
  inputs: paths,
  timeoutMs: duration,
  exitCode: rule('"run"', (value) => value === "run"),
};

const RULES: Readonly<Record<"service" | "task", Readonly<Record<string, Rule>>>> = {
  service: OF_SERVICES,
  task: OF_TASKS,
};

/**
 * Checks what is said of a service or a task: an option that is misspelt, or is something else, would else be passed over.
 *
 * @throws StackspecError `USAGE` that names the option
 */
export function checkOptions(kind: "service" | "task", options: object, subject: string, declared: Declared): void {
  const rules = RULES[kind];
  for (const [name, value] of Object.entries(options)) {
    const found = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (found === undefined)
      throw usageError(subject, `expected options of ${Object.keys(rules).toSorted().join(", ")}, got "${name}"`);
    if (value !== undefined && !found.holds(value, declared))
      throw usageError(subject, `${name}: expected ${found.expected}, got ${shown(value)}`);
  }
}

/** A value that is not as expected, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return "a list with something else";
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value);
  return `an object with ${Object.keys(value).join(", ") || "nothing"}`;
}
