import { usageError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import { absolutePath, checkOptions, checkValue, fieldsOf, isWhole, port, rule } from "./check.ts";
import { locate } from "./external.ts";
import type { ImageSource } from "./image.ts";
import { partOptions } from "./part-options.ts";
import { checkProfiles } from "./profiles.ts";
import type {
  Dependency,
  Exports,
  Factory,
  Network,
  Node,
  Service,
  ServiceOptions,
  Stack,
  Startable,
  StartedCondition,
  Stoppable,
  Task,
  TaskOptions,
  TaskResult,
} from "./stack.ts";
import type { Volume, VolumeOptions } from "./volume.ts";

// The letters that are valid in a host name, a container name and a file name alike (RFC 1123, 63 at most).
const NAME = rule(
  "a name of lower-case letters, digits and hyphens",
  (name) => typeof name === "string" && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
);
const FACTORY = rule("a function that makes its container", (create) => typeof create === "function");
const DECLARATION = rule("a function that declares its parts", (declare) => typeof declare === "function");
const EXPORTS = rule(
  "its function to return an object of what it exports",
  (exports) => typeof exports === "object" && exports !== null && !(exports instanceof Promise),
);
const MODE = rule('"rw" or "ro"', (mode) => mode === "rw" || mode === "ro");
const SERVICE = rule("a service", (node) => fieldsOf(node)["kind"] === "service");
const VOLUMES = { sizeMb: rule("a whole number from 1 to 1024", (size) => isWhole(size, 1, 1_024)) };

/** What a service with these options hands to specs. */
type WithHttp<S, O> = O extends { readonly http: object } ? S & { readonly http: HttpClient } : S;

/** The started value, or, where another may take the container's place, what both have. */
type Located<S, O> = O extends { readonly external: unknown }
  ? { readonly url: string }
  : O extends { readonly url: string }
    ? S & { readonly url: string }
    : S;

/** Nothing, while the profiles of what has these options are not chosen. */
type Unchosen<O> = O extends { readonly profiles: readonly string[] } ? undefined : never;

/** Declares the parts of a stack. Each name is declared once and is the host name on the stack's network. */
export interface StackBuilder {
  /** A service: `create` makes any Testcontainers container, or any object with `start()` and `stop()`. */
  service<S extends Stoppable, const O extends ServiceOptions<S>>(
    name: string,
    create: Factory<Startable<S>>,
    options?: O,
  ): Service<WithHttp<Located<S, O>, O> | Unchosen<O>>;
  /** A task: `create` makes the container that runs it, or is itself the work when it returns nothing. */
  task<const O extends TaskOptions>(
    name: string,
    create: Factory<Startable | void>,
    options?: O,
  ): Task<TaskResult | Unchosen<O>>;
  volume(name: string, options?: VolumeOptions): Volume;
  network(name: string): Network;
}

/**
 * Declares a stack. Dependencies are references to what was declared above, so a misspelt one does
 * not compile and a cycle cannot be written.
 *
 * @param name lower-case letters, digits and hyphens: it becomes part of container names
 * @throws StackspecError `USAGE` for a bad name, a name declared twice, an option that there is not or whose value is none, a port
 *   out of range, an `after` that names none of it, or an export that it does not declare
 */
export function defineStack<E extends Exports>(name: string, declare: (stack: StackBuilder) => E): Stack<E> {
  const nodes: Node[] = [];
  const volumes: Volume[] = [];
  const networks: Network[] = [];
  const names = new Set<string>();

  checkValue("stack", name, NAME);
  checkValue(`stack "${name}"`, declare, DECLARATION);
  const claimName = (kind: string, part: string): void => {
    checkValue(`stack "${name}", ${kind}`, part, NAME);
    if (names.has(part)) throw usageError(`stack "${name}"`, `expected every name once, got "${part}" declared twice`);
    names.add(part);
  };
  const claim = (kind: "service" | "task", part: string, create: unknown, options: object = {}): void => {
    claimName(kind, part);
    const subject = `stack "${name}", ${kind} "${part}"`;
    checkValue(subject, create, FACTORY);
    checkOptions(subject, options, partOptions(volumes, networks)[kind]);
  };

  const exports = declare({
    service(part, create, options) {
      claim("service", part, create, options);
      if (options?.http !== undefined) checkValue(`stack "${name}", service "${part}"`, options.http.port, port);
      const service: Service = { kind: "service", name: part, create, options: locate(name, part, options ?? {}) };
      checkAfter(service.options.after, nodes, `stack "${name}", service "${part}"`);
      checkProfiles(name, service, service.options.after?.map(nodeOf));
      nodes.push(service);
      return service as never;
    },
    task(part, create, options) {
      claim("task", part, create, options);
      const task: Task = { kind: "task", name: part, create, options: options ?? {} };
      checkAfter(task.options.after, nodes, `stack "${name}", task "${part}"`);
      checkProfiles(name, task, task.options.after?.map(nodeOf));
      nodes.push(task);
      return task as never;
    },
    volume(part, options = {}) {
      claimName("volume", part);
      checkOptions(`stack "${name}", volume "${part}"`, options, VOLUMES);
      const volume: Volume = {
        kind: "volume",
        name: part,
        options,
        at(path, mode = "rw") {
          checkValue(`volume "${part}"`, path, absolutePath);
          checkValue(`volume "${part}"`, mode, MODE);
          return { volume, path, mode };
        },
      };
      volumes.push(volume);
      return volume;
    },
    network(part) {
      claimName("network", part);
      const network: Network = { kind: "network", name: part };
      networks.push(network);
      return network;
    },
  });
  checkValue(`stack "${name}"`, exports, EXPORTS);
  const parts = new Set<unknown>([...nodes, ...volumes]);
  const declared = rule("a service, task or volume that it declares", (part) => parts.has(part));
  for (const [exported, part] of Object.entries(exports))
    checkValue(`stack "${name}", export "${exported}"`, part, declared);
  return Object.freeze({ name, nodes, volumes, networks, exports });
}

/** For `after`: do not wait until the service is ready, only until it runs. @throws StackspecError `USAGE` for what is no service */
export function started(service: Service): StartedCondition {
  checkValue("started()", service, SERVICE);
  return { kind: "started", node: service };
}

/** The service or task that a dependency is about. */
export function nodeOf(dependency: Dependency): Node {
  return dependency.kind === "started" ? dependency.node : dependency;
}

/** True when a node waits for another, itself or by what it waits for. */
export function waitsFor({ options }: Node, other: Node): boolean {
  return (options.after ?? []).map(nodeOf).some((each) => each === other || waitsFor(each, other));
}

/** Every image that a stack names, once. */
export function imagesOf(stack: Stack): ImageSource[] {
  return [...new Set(stack.nodes.map(({ options }) => options.image).filter((image) => image !== undefined))];
}

function checkAfter(after: unknown, declared: readonly unknown[], subject: string): void {
  if (after === undefined) return;
  const expected = "expected services and tasks of this stack that are declared above";
  if (!Array.isArray(after)) throw usageError(subject, `after: ${expected}, as a list, got a ${typeof after}`);
  for (const each of after as unknown[]) {
    const { kind, name, node } = (each ?? {}) as { kind?: string; name?: string; node?: Node };
    if (declared.includes(kind === "started" ? node : each)) continue;
    const found = typeof each === "string" ? each : (node?.name ?? name);
    throw usageError(subject, `after: ${expected}, got ${found === undefined ? typeof each : `"${found}"`}`);
  }
}
