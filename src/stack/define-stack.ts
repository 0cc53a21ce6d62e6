import { usageError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import { checkOptions, shown } from "./check-options.ts";
import { locate } from "./external.ts";
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

  checkName(name, "stack");
  const claimName = (kind: string, part: string): void => {
    checkName(part, `stack "${name}", ${kind}`);
    if (names.has(part)) throw usageError(`stack "${name}"`, `expected every name once, got "${part}" declared twice`);
    names.add(part);
  };
  const claim = (kind: "service" | "task", part: string, create: unknown, options: object = {}): void => {
    claimName(kind, part);
    const subject = `stack "${name}", ${kind} "${part}"`;
    if (typeof create !== "function")
      throw usageError(subject, `expected a function that makes its container, got ${shown(create)}`);
    checkOptions(kind, options, subject, { volumes, networks });
  };

  const exports = declare({
    service(part, create, options) {
      claim("service", part, create, options);
      if (options?.http !== undefined) checkPort(options.http.port, `stack "${name}", service "${part}"`);
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
      checkSize(options.sizeMb, `stack "${name}", volume "${part}"`);
      const volume: Volume = {
        kind: "volume",
        name: part,
        options,
        at(path, mode = "rw") {
          if (!path.startsWith("/")) throw usageError(`volume "${part}"`, `expected an absolute path, got "${path}"`);
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
  const parts = new Set<unknown>([...nodes, ...volumes]);
  for (const [exported, part] of Object.entries(exports ?? {}))
    if (!parts.has(part))
      throw usageError(
        `stack "${name}"`,
        `expected it to export services, tasks and volumes that it declares, got ${shown(part)} as "${exported}"`,
      );
  return Object.freeze({ name, nodes, volumes, networks, exports });
}

/** For `after`: do not wait until the service is ready, only until it runs. */
export function started(service: Service): StartedCondition {
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

function checkName(name: string, subject: string): void {
  // The letters that are valid in a host name, a container name and a file name alike (RFC 1123, 63 at most).
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw usageError(subject, `expected a name of lower-case letters, digits and hyphens, got "${name}"`);
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

function checkPort(port: number, subject: string): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw usageError(subject, `expected a port from 1 to 65535, got ${port}`);
}

function checkSize(sizeMb: number | undefined, subject: string): void {
  if (sizeMb !== undefined && !(Number.isInteger(sizeMb) && sizeMb >= 1 && sizeMb <= 1_024))
    throw usageError(subject, `sizeMb: expected a whole number from 1 to 1024, got ${sizeMb}`);
}
