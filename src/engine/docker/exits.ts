import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { StackspecError } from "../../errors.ts";
import { RUN_LABEL } from "./labels.ts";
import type { Runtime } from "./connect.ts";

/** Tells of containers of ours that have exited. */
export interface Exits {
  /** Resolves with the exit code once the container has exited; rejects when the engine is lost. */
  of(id: string): Promise<number>;
  close(): void;
}

interface DieEvent {
  readonly Actor: { readonly ID: string; readonly Attributes: { readonly exitCode?: string } };
}

/**
 * Listens to the engine for exits, of every run: a stack may have containers of another. One connection serves all, and
 * because it is there before the first of them starts, none can exit unseen.
 */
export async function watchExits({ docker }: Runtime): Promise<Exits> {
  const stream = (await docker.getEvents({
    filters: { type: ["container"], event: ["die"], label: [RUN_LABEL] },
  })) as Readable;
  const exits = new Map<string, PromiseWithResolvers<number>>();
  const entry = (id: string): PromiseWithResolvers<number> => {
    const known = exits.get(id) ?? Promise.withResolvers<number>();
    known.promise.catch(() => {});
    exits.set(id, known);
    if (lostWith !== undefined) known.reject(lostWith);
    return known;
  };
  let closed = false;
  let lostWith: StackspecError | undefined;

  createInterface({ input: stream, crlfDelay: Infinity })
    .on("line", (line) => {
      const { Actor } = JSON.parse(line) as DieEvent;
      entry(Actor.ID).resolve(Number(Actor.Attributes.exitCode ?? -1));
    })
    .on("error", (error) => lost(error));
  const lost = (cause?: unknown): void => {
    if (closed || lostWith !== undefined) return;
    lostWith = new StackspecError(
      "ENGINE_LOST",
      "expected it to answer until the end, it stopped answering in the middle of the run",
      {
        subject: "engine",
        hint: "look at the engine's own log, and at this machine's memory",
        cause,
      },
    );
    for (const { reject } of exits.values()) reject(lostWith);
  };
  stream.once("error", lost).once("close", lost);

  return {
    of: (id) => entry(id).promise,
    close() {
      closed = true;
      stream.destroy();
    },
  };
}
