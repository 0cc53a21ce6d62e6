import type { GenericContainer } from "testcontainers";
import { StackspecError, messageOf } from "../../errors.ts";
import type { Service } from "../../stack/stack.ts";
import { imageReferenceOf } from "../container/internals.ts";
import { forwardPort } from "../docker/forward-port.ts";
import { dataOf } from "../drivers/data.ts";
import { startContainerOf } from "../service/start-node.ts";
import type { StackStart } from "../plan/stack-start.ts";

/** Ports of the host that services had before they were started again: what has these addresses reaches them by these. */
export interface FormerPorts {
  /** A service is about to stop. */
  leave(service: Service): Promise<void>;
  /** It runs again, perhaps on other ports. */
  arrive(service: Service): Promise<void>;
  close(): Promise<void>;
}

/**
 * Ends the process of a service.
 *
 * @param graceMs how long it may take to end when it is told to; undefined: it is killed at once
 * @returns starts the same container again, and resolves when it is ready
 * @throws StackspecError `FAULT_IMPOSSIBLE`
 */
export async function endProcess(
  start: StackStart,
  service: Service,
  ports: FormerPorts,
  graceMs?: number,
): Promise<() => Promise<void>> {
  const { run, plan } = start;
  await checkRestartable(start, service);
  const { container, exit, log } = await run.containers.get(service)!.done;
  const { exits } = await run.resources(plan);
  await ports.leave(service);
  exits.expect(container.id);
  try {
    await (graceMs === undefined ? container.kill() : container.stop({ t: Math.ceil(graceMs / 1_000) }));
  } catch (error) {
    exits.forget(container.id);
    await ports.arrive(service);
    throw error;
  }
  await exit;
  await log.ended;
  return () => startAgain(start, service, ports);
}

/** Nothing of it may be lost but what it has not written: that is what such a fault is to show. */
async function checkRestartable({ run, plan, factories }: StackStart, service: Service): Promise<void> {
  const impossible = (what: string, hint: string): StackspecError =>
    new StackspecError("FAULT_IMPOSSIBLE", what, { subject: service.name, hint });
  const { runtime } = await run.resources(plan);
  if (!runtime.local)
    throw impossible(
      "expected an engine on this machine: on another, a container that is started again has ports that nobody knows",
      "cut and pause work there",
    );
  const { container } = await run.containers.get(service)!.done;
  const { HostConfig } = await container.inspect();
  const path = dataOf(service, (await factories.create(service)) as GenericContainer)?.path ?? "";
  const inMemory = Object.keys(HostConfig.Tmpfs ?? {});
  if (inMemory.some((folder) => path === folder || path.startsWith(`${folder}/`)))
    throw impossible(
      `its data is in memory (${path}), and would be gone with its process`,
      "declare it with durable: true; cut and pause work as it is",
    );
}

async function startAgain(start: StackStart, service: Service, ports: FormerPorts): Promise<void> {
  const { run, plan, factories } = start;
  try {
    const { container } = await run.containers.get(service)!.done;
    const { State } = await container.inspect();
    const { exits } = await run.resources(plan);
    exits.forget(container.id);
    const before = (await factories.create(service)) as GenericContainer;
    const image = service.options.image === undefined ? "" : imageReferenceOf(before);
    const made = (await factories.recreate(service, image)) as GenericContainer;
    const again = await startContainerOf(service, made, undefined, start, {
      exited: { id: container.id, since: State.FinishedAt },
      signal: AbortSignal.timeout(run.context.startTimeoutMs),
    });
    await ports.arrive(service);
    // Whoever has its started value reaches it by that.
    Object.assign((await run.waitFor(service)) as object, again);
  } catch (cause) {
    const { what, hint, evidence }: Partial<StackspecError> = cause instanceof StackspecError ? cause : {};
    const failure = new StackspecError("FAULT_FAILED", `it does not come up again: ${what ?? messageOf(cause)}`, {
      subject: service.name,
      hint,
      ...(evidence !== undefined && { evidence }),
      cause,
    });
    // No spec after this can reach it.
    run.setDead(failure);
    throw failure;
  }
}

/** Keeps them for the services of a start. */
export function formerPorts({ run, plan }: StackStart): FormerPorts {
  /** By the container's port: those that it had, the last one too. */
  const known = new Map<Service, Map<string, Set<number>>>();
  const forwards = new Map<Service, (() => Promise<void>)[]>();
  const current = async (service: Service): Promise<(readonly [string, number])[]> => {
    const { container } = await run.containers.get(service)!.done;
    const { Ports } = (await container.inspect()).NetworkSettings;
    return Object.entries(Ports).flatMap(([port, bindings]) =>
      bindings?.[0] === undefined ? [] : [[port, Number(bindings[0].HostPort)] as const],
    );
  };
  const end = async (service: Service): Promise<void> => {
    await Promise.all((forwards.get(service) ?? []).map((close) => close()));
    forwards.delete(service);
  };
  return {
    async leave(service) {
      const all = known.get(service) ?? new Map<string, Set<number>>();
      known.set(service, all);
      for (const [port, hostPort] of await current(service)) all.set(port, (all.get(port) ?? new Set()).add(hostPort));
      await end(service);
    },
    async arrive(service) {
      const { host } = (await run.resources(plan)).runtime;
      const made: (() => Promise<void>)[] = [];
      forwards.set(service, made);
      for (const [port, now] of await current(service))
        for (const former of known.get(service)?.get(port) ?? [])
          if (former !== now) made.push(await forwardPort(former, now, host));
    },
    async close() {
      await Promise.all([...forwards.keys()].map(end));
    },
  };
}
