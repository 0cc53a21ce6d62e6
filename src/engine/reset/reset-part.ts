import { StackspecError, messageOf } from "../../errors.ts";
import type { Node } from "../../stack/stack.ts";
import type { Server } from "../../stack/driver.ts";
import type { VolumeBaseline } from "../volumes/volume-baseline.ts";
import { settleAll } from "../docker/labels.ts";

/** One of the things that are reset. */
export interface Part {
  readonly name: string;
  readonly server?: Server;
  readonly volume?: VolumeBaseline;
  /** Who declares in the server what it needs there, and does so again when it is started anew. */
  readonly declaredBy?: readonly Node[];
  /** A line that is said of it before the first spec. */
  readonly notice?: string | undefined;
  reset(): Promise<void> | undefined;
  /** Closes files. */
  readonly close?: () => void;
  /**
   * Notes what it holds now, beside what it is reset to: the same part, to be reset to that. Undefined where it cannot.
   *
   * @param baseline a name that no other has
   */
  readonly note?: (baseline: string) => Promise<Part>;
}

/** Resets it. @throws StackspecError `RESET_FAILED` naming it */
export async function resetPart(part: Part): Promise<void> {
  try {
    await part.reset();
  } catch (cause) {
    throw cause instanceof StackspecError
      ? cause
      : await resetFailure(part, "it cannot be brought back to where the tasks left it", cause);
  }
}

/** Notes what it holds now. @throws StackspecError `RESET_FAILED` naming it */
export async function notePart(part: Part, baseline: string): Promise<Part> {
  try {
    return await part.note!(baseline);
  } catch (cause) {
    throw cause instanceof StackspecError ? cause : await resetFailure(part, "what it holds cannot be noted", cause);
  }
}

export async function resetFailure(
  { name, server }: Pick<Part, "name" | "server">,
  what: string,
  cause: unknown,
): Promise<StackspecError> {
  const advice = await server?.adviceOn?.(cause).catch(() => undefined);
  return new StackspecError("RESET_FAILED", `${what}: ${messageOf(cause)}`, {
    subject: name,
    hint: advice ?? 'a stack of its own needs no reset: useStack(stack, { scope: "suite" })',
    cause,
  });
}

/** Closes connections and files. @throws StackspecError `RELEASE_FAILED` naming a part, after everything has been tried */
export async function closeParts(parts: readonly Part[]): Promise<void> {
  await settleAll(
    parts.map(async ({ name, server, volume, close }) => {
      try {
        volume?.close();
        close?.();
        await server?.close?.();
      } catch (cause) {
        throw new StackspecError("RELEASE_FAILED", `what it is reset by cannot be closed: ${messageOf(cause)}`, {
          subject: name,
          hint: "its driver says why; the rest is released all the same",
          cause,
        });
      }
    }),
  );
}
