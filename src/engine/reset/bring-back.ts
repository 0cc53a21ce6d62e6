import type { Service } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { settleAll } from "../docker/labels.ts";
import { isTakenOver } from "../plan/plan.ts";
import { resetPart } from "./reset-part.ts";
import type { Part } from "./reset-part.ts";
import { volumesToReset, writersOf } from "../plan/resources.ts";
import type { StackStart } from "../plan/stack-start.ts";

/**
 * Takes what is reset of a stack: first of what was up before this start, which is brought back before anything else starts, then
 * of the rest, when its tasks are done.
 */
export async function takeParts<T extends object>(
  { run, plan, broughtBack }: StackStart,
  take: (services: readonly Service[], volumes: readonly Volume[]) => Promise<(Part | T | undefined)[]>,
): Promise<(Part | T)[]> {
  const { stack } = run;
  const isDeclaredAnew = ({ declaredBy }: Part): boolean =>
    declaredBy?.some((client) => !isTakenOver(client, plan)) ?? false;
  const services = Map.groupBy(
    stack.nodes.filter((node) => node.kind === "service"),
    (service) => isTakenOver(service, plan),
  );
  const volumes = Map.groupBy(volumesToReset(stack), (volume) =>
    writersOf(stack, volume).every((writer) => isTakenOver(writer, plan)),
  );
  const of = async (wasUp: boolean): Promise<(Part | T)[]> =>
    (await take(services.get(wasUp) ?? [], volumes.get(wasUp) ?? [])).filter((part) => part !== undefined);

  const before = await of(true);
  const parts = before.filter((part): part is Part => "reset" in part);
  try {
    // What clients have declared there is noted anew when one of them starts anew: without what has come since.
    const back = parts.filter((part) => run.context.asItIs !== true || isDeclaredAnew(part));
    await settleAll(back.map(resetPart));
  } catch (error) {
    // What cannot be brought back is removed and started anew; but not by a worker that has joined it.
    if (run.context.joins === undefined) run.setBroken();
    throw error;
  }
  broughtBack.resolve();
  await run.tasksDone();
  const others = await of(false);
  // What its clients declare as they start anew is what such a server is reset to from now on.
  const declared = parts.filter(isDeclaredAnew);
  if (declared.length > 0) await Promise.all(stack.nodes.map((node) => run.waitFor(node)));
  for (const { server } of declared) await server!.takeBaseline();
  return [...before, ...others];
}
