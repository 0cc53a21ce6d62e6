import { StackspecError, usageError } from "../../errors.ts";
import type { ErrorDetails } from "../../errors.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import type { Slowness } from "./fault.ts";
import type { StackRun } from "../plan/stack-run.ts";

/** What cannot be made to fail, and why. */
export function impossible(subject: string, what: string, details: ErrorDetails = {}): StackspecError {
  return new StackspecError("FAULT_IMPOSSIBLE", what, { ...details, subject });
}

/**
 * The service that a stack exports by this name, if a fault can be made of it.
 *
 * @throws StackspecError `USAGE`, `FAULT_IMPOSSIBLE`
 */
export function serviceToFail(run: StackRun, name: string): Service {
  const service = exported(run.stack, "service", name);
  const { options } = service;
  if (options.external !== undefined) throw impossible(name, "it runs outside of the stack");
  if (!run.stack.nodes.includes(service)) throw impossible(name, "it is not started in these profiles");
  if (!run.containers.has(service)) throw impossible(name, "it is an object of this process, not a container");
  if (options.shared === true && run.context.joins?.key !== undefined)
    throw impossible(name, "parallel workers share it, whose specs would fail too", {
      hint: 'a stack of its own: useStack(stack, { scope: "suite" })',
    });
  return service;
}

/** This service, if its clock can be shifted. @throws StackspecError `FAULT_IMPOSSIBLE` */
export function clockToShift(service: Service): Service {
  if (service.options.ownClock !== true)
    throw impossible(service.name, "its clock is its machine's", { hint: "declare it with ownClock: true" });
  return service;
}

/** The volume that a stack exports by this name, if it can be filled. @throws StackspecError `USAGE`, `FAULT_IMPOSSIBLE` */
export function volumeToFill({ stack }: StackRun, name: string): Volume {
  const volume = exported(stack, "volume", name);
  if (volume.options.sizeMb === undefined)
    throw impossible(name, "the volume has no size: to fill it would be to fill the engine's disk", {
      hint: `stack.volume("${volume.name}", { sizeMb: 16 })`,
    });
  return volume;
}

function exported(stack: Stack, kind: "service", name: string): Service;
function exported(stack: Stack, kind: "volume", name: string): Volume;
function exported({ name: subject, exports }: Stack, kind: "service" | "volume", name: string): unknown {
  const part = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (part?.kind === kind) return part;
  const names = Object.keys(exports).filter((each) => exports[each]!.kind === kind);
  throw usageError(
    subject,
    `expected a ${kind} that the stack exports (${names.join(", ") || "it exports none"}), got "${name}"`,
  );
}

/** @throws StackspecError `USAGE` */
export function checkSlowness(name: string, slowness: Slowness): Required<Slowness> {
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
