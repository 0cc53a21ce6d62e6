import { StackspecError, messageOf, usageError } from "../../errors.ts";
import type { Service } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { settleAll } from "../docker/labels.ts";
import type { Fault, Faults } from "./fault.ts";
import { checkSlowness, clockToShift, impossible, serviceToFail, volumeToFill } from "./fault-checks.ts";
import { failNetwork, fillVolume, shiftClock } from "./fault-programs.ts";
import { endProcess, formerPorts } from "./fault-process.ts";
import type { StackStart } from "../plan/stack-start.ts";

/** What the run does about faults besides. */
export interface FaultKeeper {
  hasFaults(): boolean;
  /** Heals all: networks first, then services in the order of their declaration. @throws the first failure, after everything has been tried */
  healAll(): Promise<void>;
}

/** How long a service that is restarted may take to stop by itself, in milliseconds: as `docker restart`. */
const GRACE_MS = 10_000;

/** The states of faults in the order in which they are healed: what comes up needs its network. */
const STATES = ["cut", "slow", "shifted", "full", "paused", "killed", "restarting"] as const;
type State = (typeof STATES)[number];

interface Active {
  readonly state: State;
  readonly subject: Service | Volume;
  /** What it is on the timeline. */
  readonly shown: string;
  readonly fault: Promise<Fault>;
}

/** The faults of a started stack; `close` when it is stopped: what is left of them goes too. */
export function faultsOf(start: StackStart): Faults & FaultKeeper & { close(): Promise<void> } {
  const { run, plan } = start;
  const { stack } = run;
  const ports = formerPorts(start);
  const active = new Set<Active>();

  const tell = (subject: Service | Volume): void => {
    const { kind, name } = subject;
    const state = [...active].findLast((each) => each.subject === subject)?.shown ?? "ready";
    run.context.onProgress({ kind: "fault", stack: stack.name, node: kind, name, state });
  };

  async function make<S extends Service | Volume>(
    subject: S,
    state: State,
    work: (subject: S) => Promise<() => Promise<void>>,
    shown: string = state,
  ): Promise<Fault> {
    const { kind, name } = subject;
    const others = [...active].filter((each) => each.subject === subject).map((each) => each.state);
    const inTheWay = others.find((other) => other === state || isRestart(state) || isRestart(other));
    if (inTheWay !== undefined)
      throw usageError(name, `expected a ${kind} that is not ${inTheWay}, to be ${state}: heal that first`);
    const pendingFault = Promise.withResolvers<Fault>();
    pendingFault.promise.catch(() => {});
    const made: Active = { state, subject, shown, fault: pendingFault.promise };
    // Before it is made: the end of the spec waits for it, and heals it.
    active.add(made);
    tell(subject);
    const end = (): void => {
      active.delete(made);
      tell(subject);
    };
    try {
      const undo = await work(subject);
      let healing: Promise<void> | undefined;
      const heal = (): Promise<void> => (healing ??= undo().finally(end));
      const fault: Fault = { heal, [Symbol.asyncDispose]: heal };
      pendingFault.resolve(fault);
      return fault;
    } catch (cause) {
      end();
      pendingFault.reject(cause);
      throw cause instanceof StackspecError ? cause : impossible(name, `it cannot be ${state}: ${messageOf(cause)}`);
    }
  }

  const service = async (name: string): Promise<Service> => serviceToFail(run, name);

  return {
    cut: async (name) => make(await service(name), "cut", (it) => failNetwork(start, it, "cut")),
    async slow(name, slowness) {
      const { latencyMs, bandwidthKbps } = checkSlowness(name, slowness);
      const shown = `slow: ${latencyMs} ms later${bandwidthKbps === 0 ? "" : `, ${bandwidthKbps} kbit/s`}`;
      return make(
        await service(name),
        "slow",
        (it) => failNetwork(start, it, "slow", `${latencyMs}`, `${bandwidthKbps}`),
        shown,
      );
    },
    full: async (name) =>
      make(volumeToFill(run, name), "full", async (it) =>
        fillVolume(start, it, (await run.resources(plan)).volumeName(it)),
      ),
    async clock(name, { offsetMs }) {
      if (!Number.isFinite(offsetMs) || offsetMs === 0)
        throw usageError(`clock(${name})`, `offsetMs: expected a number other than 0, got ${offsetMs}`);
      const it = clockToShift(await service(name));
      return make(it, "shifted", () => shiftClock(start, it, offsetMs), `shifted: ${offsetMs} ms`);
    },
    pause: async (name) =>
      make(await service(name), "paused", async (it) => {
        const { container } = await run.containers.get(it)!.done;
        await container.pause();
        return () => container.unpause();
      }),
    kill: async (name) => make(await service(name), "killed", (it) => endProcess(start, it, ports)),
    async restart(name, { graceMs } = {}) {
      const fault = await make(await service(name), "restarting", (it) =>
        endProcess(start, it, ports, graceMs ?? it.options.stopTimeoutMs ?? GRACE_MS),
      );
      await fault.heal();
      return fault;
    },
    hasFaults: () => active.size > 0,
    async healAll() {
      const order = ({ state, subject }: Active): number =>
        STATES.indexOf(state) * stack.nodes.length + stack.nodes.indexOf(subject as Service);
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
