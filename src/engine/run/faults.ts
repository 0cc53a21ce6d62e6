import { StackspecError, messageOf, usageError } from "../../errors.ts";
import type { Exports, Service, Stack } from "../../stack/stack.ts";
import { settleAll } from "../docker/labels.ts";
import { failNetwork } from "./fault-network.ts";
import { endProcess, formerPorts } from "./fault-process.ts";
import type { StackStart } from "./stack-start.ts";

/** Something that was made to fail. It is healed at the end of the spec at the latest, or of `await using`. */
export interface Fault extends AsyncDisposable {
  /**
   * Ends it, and resolves when it has: a service that was killed is ready again then. Does nothing when it has ended.
   *
   * @throws StackspecError `FAULT_FAILED` when the service does not come up again
   */
  heal(): Promise<void>;
}

/** How slow a network is. */
export interface Slowness {
  /** How many milliseconds later all arrives that the service sends: a round trip takes so much longer. @default 0 */
  readonly latencyMs?: number;
  /** How many kilobits a second it receives, and sends, at most. @default no limit */
  readonly bandwidthKbps?: number;
}

/** The services that a stack exports, by the names of its exports. */
export type ServiceName<E extends Exports> = {
  [K in keyof E & string]: E[K] extends Service<never> | Service ? K : never;
}[keyof E & string];

/**
 * Makes services of a started stack fail. Each resolves when it has happened, and is healed after the spec.
 *
 * All throw StackspecError `USAGE` for a service that the stack does not export, or to which this has happened already, and
 * `FAULT_IMPOSSIBLE`, saying why, where it cannot be done to this service or on this engine.
 */
export interface Faults<Name extends string = string> {
  /** Cuts its network off: connections that are open are reset, others refused, in both directions. */
  cut(service: Name): Promise<Fault>;
  /** Makes its network slow, for connections that are open too. */
  slow(service: Name, slowness: Slowness): Promise<Fault>;
  /** Freezes its processes: it accepts connections and answers none. */
  pause(service: Name): Promise<Fault>;
  /** Kills it (SIGKILL). It is started again when that is healed. */
  kill(service: Name): Promise<Fault>;
  /** Stops it (its image's stop signal, and SIGKILL after `graceMs`), starts it again, and resolves when it is ready. */
  restart(service: Name, options?: { readonly graceMs?: number }): Promise<Fault>;
}

/** What the run does about faults besides. */
export interface FaultKeeper {
  hasFaults(): boolean;
  /** Heals all: networks first, then services in the order of their declaration. @throws the first failure, after everything has been tried */
  healAll(): Promise<void>;
}

/** How long a service that is restarted may take to stop by itself, in milliseconds: as `docker restart`. */
const GRACE_MS = 10_000;

/** The states of faults in the order in which they are healed: what comes up needs its network. */
const STATES = ["cut", "slow", "paused", "killed", "restarting"] as const;
type State = (typeof STATES)[number];

interface Active {
  readonly state: State;
  readonly service: Service;
  /** What it is on the timeline. */
  readonly shown: string;
  readonly fault: Promise<Fault>;
}

/** The faults of a started stack; `close` when it is stopped: what is left of them goes too. */
export function faultsOf(stack: Stack, start: StackStart): Faults & FaultKeeper & { close(): Promise<void> } {
  const { run } = start;
  const ports = formerPorts(start);
  const active = new Set<Active>();

  const tell = ({ name }: Service): void => {
    const state = [...active].findLast(({ service }) => service.name === name)?.shown ?? "ready";
    run.context.onProgress({ kind: "fault", stack: stack.name, name, state });
  };

  async function make(
    name: string,
    state: State,
    work: (service: Service) => Promise<() => Promise<void>>,
    shown: string = state,
  ): Promise<Fault> {
    const service = serviceOf(stack, start, name);
    const others = [...active].filter((each) => each.service === service).map((each) => each.state);
    const inTheWay = others.find((other) => other === state || isRestart(state) || isRestart(other));
    if (inTheWay !== undefined)
      throw usageError(name, `expected a service that is not ${inTheWay}, to be ${state}: heal that first`);
    const making = Promise.withResolvers<Fault>();
    making.promise.catch(() => {});
    const made: Active = { state, service, shown, fault: making.promise };
    // Before it is made: the end of the spec waits for it, and heals it.
    active.add(made);
    tell(service);
    const end = (): void => {
      active.delete(made);
      tell(service);
    };
    try {
      const undo = await work(service);
      let healing: Promise<void> | undefined;
      const heal = (): Promise<void> => (healing ??= undo().finally(end));
      const fault: Fault = { heal, [Symbol.asyncDispose]: heal };
      making.resolve(fault);
      return fault;
    } catch (cause) {
      end();
      making.reject(cause);
      throw cause instanceof StackspecError ? cause : impossible(name, `it cannot be ${state}: ${messageOf(cause)}`);
    }
  }

  return {
    cut: (name) => make(name, "cut", (service) => failNetwork(start, service, ["cut"])),
    async slow(name, slowness) {
      const { latencyMs, bandwidthKbps } = checkSlowness(name, slowness);
      const shown = `slow: ${latencyMs} ms later${bandwidthKbps === 0 ? "" : `, ${bandwidthKbps} kbit/s`}`;
      const words = ["slow", String(latencyMs), String(bandwidthKbps)];
      return make(name, "slow", (service) => failNetwork(start, service, words), shown);
    },
    pause: (name) =>
      make(name, "paused", async (service) => {
        const { container } = await run.containers.get(service)!.done;
        await container.pause();
        return () => container.unpause();
      }),
    kill: (name) => make(name, "killed", (service) => endProcess(start, service, ports)),
    async restart(name, { graceMs } = {}) {
      const fault = await make(name, "restarting", (service) =>
        endProcess(start, service, ports, graceMs ?? service.options.stopTimeoutMs ?? GRACE_MS),
      );
      await fault.heal();
      return fault;
    },
    hasFaults: () => active.size > 0,
    async healAll() {
      const order = ({ state, service }: Active): number =>
        STATES.indexOf(state) * stack.nodes.length + stack.nodes.indexOf(service);
      const failures: unknown[] = [];
      for (const { fault } of [...active].toSorted((one, other) => order(one) - order(other)))
        await fault.then(({ heal }) => heal()).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
    async close() {
      await settleAll(
        [...active].filter(({ state }) => !isRestart(state)).map(async ({ fault }) => (await fault).heal()),
      );
      await ports.close();
    },
  };
}

/** What gives a service another network namespace. */
const isRestart = (state: State): boolean => state === "killed" || state === "restarting";

function serviceOf(stack: Stack, { run }: StackStart, name: string): Service {
  const exported = Object.hasOwn(stack.exports, name) ? stack.exports[name] : undefined;
  const names = Object.keys(stack.exports).filter((each) => stack.exports[each]!.kind === "service");
  if (exported?.kind !== "service")
    throw usageError(
      stack.name,
      `expected a service that the stack exports (${names.join(", ") || "it exports none"}), got "${name}"`,
    );
  const { options } = exported;
  if (options.external !== undefined) throw impossible(name, "it runs outside of the stack");
  if (!stack.nodes.includes(exported)) throw impossible(name, "it is not started in these profiles");
  if (!run.containers.has(exported)) throw impossible(name, "it is an object of this process, not a container");
  if (options.shared === true && run.context.joins?.key !== undefined)
    throw impossible(
      name,
      "parallel workers share it, whose specs would fail too",
      'a stack of its own: useStack(stack, { scope: "suite" })',
    );
  return exported;
}

function checkSlowness(name: string, slowness: Slowness): Required<Slowness> {
  for (const [key, value] of Object.entries(slowness)) {
    if (key !== "latencyMs" && key !== "bandwidthKbps")
      throw usageError(`slow(${name})`, `expected latencyMs or bandwidthKbps, got "${key}"`);
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      throw usageError(`slow(${name})`, `${key}: expected a number above 0, got ${String(value)}`);
  }
  const { latencyMs = 0, bandwidthKbps = 0 } = slowness;
  if (latencyMs + bandwidthKbps === 0)
    throw usageError(`slow(${name})`, "expected latencyMs, bandwidthKbps or both, got neither");
  return { latencyMs, bandwidthKbps };
}

function impossible(subject: string, what: string, hint?: string): StackspecError {
  return new StackspecError("FAULT_IMPOSSIBLE", what, { subject, hint });
}
