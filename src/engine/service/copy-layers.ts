import { StackspecError, messageOf } from "../../errors.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Node, Service, TaskResult } from "../../stack/stack.ts";
import { waitsFor } from "../../stack/define-stack.ts";
import type { GenericContainer } from "testcontainers";
import { settleAll } from "../docker/labels.ts";
import { driverOf } from "../drivers/choose.ts";
import { dataOf } from "../drivers/data.ts";
import { copyData, openCapture } from "../snapshot/capture.ts";
import type { Capture, Part } from "../snapshot/capture.ts";
import { doesMount, hasData, heldMounts, keptNodes, stateHoldersOf } from "../snapshot/layers.ts";
import type { Layer } from "../snapshot/layers.ts";
import { passwordsDigest } from "../snapshot/passwords.ts";
import { projectName } from "../snapshot/project.ts";
import {
  BASE_LABEL,
  DATA_PATH,
  FOLDERS_LABEL,
  PASSWORDS_LABEL,
  SERVER_LABEL,
  SNAPSHOT_LABEL,
  PROJECT_LABEL,
  SNAPSHOT_STACK_LABEL,
  TASKS_LABEL,
  tasksLabel,
} from "../snapshot/store.ts";
import { addressOf } from "./address.ts";
import type { StackPlan } from "../plan/plan.ts";
import type { StackRun } from "../plan/stack-run.ts";
import type { LayerCopies, StackStart } from "../plan/stack-start.ts";

/** True for a part of a stack that may change what tasks have left: it starts when that is copied. */
export function startsAfterCopies(node: Node, { stack }: StackRun, { made }: StackPlan): boolean {
  const comesAfterTask = stack.nodes.some((other) => other.kind === "task" && waitsFor(node, other));
  return comesAfterTask && !keptNodes(stack, made).includes(node);
}

/** The copies of one start. */
export function copyLayers(run: StackRun, plan: StackPlan, start: () => StackStart): LayerCopies {
  const { stack, context } = run;
  const { made } = plan;
  const ofStack = plan.missing.find(({ server }) => server === undefined);
  const parts = new Map<Layer, Map<Service, Part>>(plan.missing.map((layer) => [layer, new Map()]));
  // What a container is told can be read before it starts.
  const passwords = new Map(
    [
      ...plan.missing.flatMap(({ holders }) => holders),
      ...(context.savesState === true ? stateHoldersOf(stack, made) : []),
    ]
      .filter((service) => hasData(service, made))
      .map((service) => [service, passwordsDigest(service, made.get(service) as GenericContainer)]),
  );
  /** Those of the tasks' layer that hold volumes, which are read before anybody else writes there. */
  const withVolumes = new Map<Service, Promise<Capture>>();
  const opened: Promise<Capture>[] = [];
  const problems = new Map<Layer, unknown>();
  const copied = new Map(
    ofStack?.holders.filter((service) => hasData(service, made)).map((each) => [each, Promise.withResolvers<void>()]),
  );

  async function copy(layer: Layer, service: Service): Promise<void> {
    try {
      const container = (await start().factories.create(service)) as GenericContainer;
      const running = await run.containers.get(service)!.done;
      const driver = driverOf(service, container);
      await driver?.flush?.(await addressOf(start(), service, driver));
      const data = dataOf(service, container)!;
      const name = layer.server === undefined ? "stack" : "server";
      parts.get(layer)!.set(service, await copyData(service.name, running, data, name));
    } catch (error) {
      // What has broken with the start is told by that.
      if (!problems.has(layer)) problems.set(layer, named(service, error));
    }
  }

  function capture(layer: Layer, service: Service, signal: AbortSignal): Promise<Capture> {
    const opening = openImage(layer, service, signal);
    opening.catch(() => {});
    opened.push(opening);
    return opening;
  }

  async function openImage(layer: Layer, service: Service, signal: AbortSignal): Promise<Capture> {
    const { docker } = await context.connect();
    const { reference, digest }: ResolvedImage = await context.resolveImage(service.options.image!);
    const tasks = new Map<string, TaskResult>();
    for (const task of layer.tasks) tasks.set(task.name, (await run.waitFor(task)) as TaskResult);
    const labels = {
      [SNAPSHOT_LABEL]: layer.key,
      [SNAPSHOT_STACK_LABEL]: stack.name,
      [PROJECT_LABEL]: projectName(),
      [TASKS_LABEL]: tasksLabel(tasks),
      [BASE_LABEL]: digest,
      [FOLDERS_LABEL]: JSON.stringify([
        ...(hasData(service, made) ? [DATA_PATH] : []),
        ...(layer === ofStack ? heldMounts(service, stack, made).map(({ path }) => path) : []),
      ]),
      ...(layer.server && { [SERVER_LABEL]: layer.server.name }),
      ...(passwords.has(service) && { [PASSWORDS_LABEL]: passwords.get(service)! }),
    };
    return openCapture(docker, reference, labels, context.runId, signal);
  }

  /** The content of the volumes that `holder` holds, as the last of those that ran has it. */
  async function copyVolumes(layer: Layer, holder: Service): Promise<void> {
    const held = heldMounts(holder, stack, made);
    if (held.length === 0) return;
    try {
      const image = capture(layer, holder, run.signal);
      withVolumes.set(holder, image);
      for (const { volume, path: to } of held) {
        const writer = keptNodes(stack, made).findLast((node) => doesMount(node, volume))!;
        const { path } = writer.options.mounts!.find((mount) => mount.volume === volume)!;
        const { container: from } = await run.containers.get(writer)!.done;
        await (await image).add({ from, path, to });
      }
    } catch (error) {
      if (!problems.has(layer)) problems.set(layer, named(holder, error));
    }
  }

  async function all(layer: Layer): Promise<void> {
    await run.tasksDone();
    const volumes = layer.holders.map((holder) => copyVolumes(layer, holder));
    await Promise.all([...volumes, ...[...copied.values()].map(({ promise }) => promise)]);
  }

  const done = ofStack === undefined ? Promise.resolve() : all(ofStack);
  done.catch(() => {});
  return {
    done,
    passwords,
    async copyServer(service) {
      const layer = plan.missing.find(({ server }) => server === service);
      if (layer !== undefined) await copy(layer, service);
    },
    async copyData(service) {
      const waiting = copied.get(service);
      if (waiting === undefined) return;
      await copy(ofStack!, service);
      waiting.resolve();
    },
    async open(layer, signal) {
      if (problems.has(layer)) throw problems.get(layer);
      const images = new Map<Service, Capture>();
      for (const holder of layer.holders) {
        const known = layer === ofStack ? withVolumes.get(holder) : undefined;
        const image = await (known ?? capture(layer, holder, signal));
        const part = parts.get(layer)!.get(holder);
        if (part !== undefined) await image.add(part);
        images.set(holder, image);
      }
      return images;
    },
    async discard() {
      await settleAll(
        opened.splice(0).map((opening) =>
          opening.then(
            (image) => image.remove(),
            () => {},
          ),
        ),
      );
    },
  };
}

function named({ name }: Service, error: unknown): unknown {
  return error instanceof StackspecError
    ? error
    : new StackspecError("SNAPSHOT_FAILED", messageOf(error), { subject: name, cause: error });
}
