import type { Node, Service, TaskResult } from "../../stack/stack.ts";
import { isContainer } from "../container/internals.ts";
import { driverOf } from "../drivers/choose.ts";
import { dataOf } from "../drivers/data.ts";

import { addressOf } from "../service/address.ts";
import type { Access } from "../kept/kept-note.ts";
import type { Part } from "./reset-part.ts";
import { containersOf } from "../kept/reusable-stack.ts";
import type { StackStart } from "../plan/stack-start.ts";
import type { VolumeRecord } from "../volumes/volume-baseline.ts";

/** Notes for the runs after this one, and for people, that a stack is up. Does nothing where it is not kept. */
export async function rememberStack(start: StackStart, parts: readonly Part[]): Promise<void> {
  const { run, plan } = start;
  const { stack, context } = run;
  if (plan.reusable === undefined) return;
  const tasks: Record<string, TaskResult> = {};
  for (const task of stack.nodes) if (task.kind === "task") tasks[task.name] = (await run.waitFor(task)) as TaskResult;
  const volumes: Record<string, VolumeRecord | undefined> = {};
  for (const { name, volume } of parts) if (volume !== undefined) volumes[name] = volume.record();
  await plan.reusable.remember({
    containers: await containersOf(await context.connect(), plan.id),
    tasks,
    volumes,
    access: await accessTo(start),
    target: (stack.exports as { target?: Node }).target?.name,
    hasState: context.state !== undefined || (context.asItIs === true && plan.reusable.noted?.hasState === true),
  });
}

/** How people reach its services, by name. */
async function accessTo(start: StackStart): Promise<Readonly<Record<string, Access>>> {
  const services = start.run.stack.nodes.filter((node) => node.kind === "service");
  return Object.fromEntries(
    await Promise.all(services.map(async (each) => [each.name, await accessOf(start, each)] as const)),
  );
}

async function accessOf(start: StackStart, service: Service): Promise<Access> {
  const { http, url, external } = service.options;
  const running = start.run.containers.get(service);
  const made = await start.factories.create(service);
  if (running === undefined || !isContainer(made)) return { url: external };
  const { HostConfig } = await (await running.done).container.inspect();
  const { path } = dataOf(service, made) ?? {};
  const driver = driverOf(service, made);
  return {
    http: http?.port,
    url,
    inMemory: path !== undefined && path in ((HostConfig.Tmpfs ?? {}) as object),
    // A prompt is not worth a start.
    prompt: await promptOf(),
  };

  async function promptOf(): Promise<Access["prompt"]> {
    if (driver?.prompt === undefined) return undefined;
    const address = await addressOf(start, service, driver);
    return Promise.resolve(driver.prompt(address)).catch(() => undefined);
  }
}
