import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import { RUN_LABEL } from "./labels.ts";
import { isNotFound } from "./connect.ts";
import type { Runtime } from "./connect.ts";

/** How long an engine that refuses connections is asked again: a failed spec waits for news of its service for a second. */
const RECONNECT_WITHIN_MS = 800;
const RECONNECT_EVERY_MS = 100;
/** How long an engine that accepts a connection may take to answer. */
const ANSWERS_WITHIN_MS = 5_000;

/** Tells of containers of ours that have exited, or are paused. */
export interface Exits {
  /** Resolves with the exit code once the container has exited; rejects when the engine is lost. */
  of(id: string): Promise<number>;
  /** Its next exit is meant: nobody has to be told. */
  expect(id: string): void;
  isExpected(id: string): boolean;
  /** It has exited, and is started again: who asks from now on asks for its next exit, which is not meant. */
  forget(id: string): void;
  /** True from the moment somebody pauses the container until it goes on. */
  isPaused(id: string): boolean;
  close(): void;
}

interface ContainerEvent {
  readonly Action: "die" | "pause" | "unpause";
  readonly Actor: { readonly ID: string; readonly Attributes: { readonly exitCode?: string } };
  /** In seconds, and in nanoseconds, by the engine's clock. */
  readonly time: number;
  readonly timeNano: number;
}

/**
 * Listens to the engine for exits, of every run: a stack may have containers of another. One connection serves all, and
 * because it is there before the first of them starts, none can exit unseen. A connection that breaks is made anew, and
 * what happened meanwhile is asked for; only an engine that cannot be reached again is lost.
 */
export async function watchExits({ docker }: Pick<Runtime, "docker">): Promise<Exits> {
  const exits = new Map<string, PromiseWithResolvers<number>>();
  const waiting = new Set<string>();
  const paused = new Set<string>();
  const expected = new Set<string>();
  /** When containers have exited last, and up to when exits are forgotten: a stream that is opened anew tells some again. */
  const exitedAt = new Map<string, number>();
  const forgottenUntil = new Map<string, number>();
  const closing = new AbortController();
  let lostWith: StackspecError | undefined;
  /** Exits before this are known, in seconds by the engine's clock. */
  let since: number | undefined;

  const entry = (id: string): PromiseWithResolvers<number> => {
    const known = exits.get(id);
    if (known !== undefined) return known;
    const created = Promise.withResolvers<number>();
    created.promise.catch(() => {});
    exits.set(id, created);
    waiting.add(id);
    if (lostWith !== undefined) created.reject(lostWith);
    return created;
  };
  const exited = (id: string, exitCode: number): void => {
    entry(id).resolve(exitCode);
    waiting.delete(id);
  };

  async function open(signal = closing.signal): Promise<IncomingMessage> {
    const stream = (await docker.getEvents({
      ...(since === undefined ? {} : { since }),
      filters: { type: ["container"], event: ["die", "pause", "unpause"], label: [RUN_LABEL] },
      abortSignal: signal,
    })) as IncomingMessage;
    since ??= secondsOf(stream.headers.date);
    return stream;
  }

  async function reopen(until: number): Promise<IncomingMessage> {
    for (;;) {
      const tooLate = new AbortController();
      const timer = setTimeout(
        () => tooLate.abort(new Error(`no answer in ${ANSWERS_WITHIN_MS} ms`)),
        ANSWERS_WITHIN_MS,
      );
      try {
        return await open(AbortSignal.any([closing.signal, tooLate.signal]));
      } catch (error) {
        if (closing.signal.aborted || performance.now() > until) throw tooLate.signal.reason ?? error;
      } finally {
        clearTimeout(timer);
      }
      await sleep(RECONNECT_EVERY_MS, undefined, { ref: false });
    }
  }

  /** Reads to the end of the stream, whatever ends it. */
  function read(stream: IncomingMessage): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    stream.once("error", () => resolve()).once("close", resolve);
    createInterface({ input: stream, crlfDelay: Infinity })
      .on("line", (line) => {
        const { Action, Actor, time, timeNano } = JSON.parse(line) as ContainerEvent;
        since = time;
        if (timeNano <= (forgottenUntil.get(Actor.ID) ?? -1)) return;
        if (Action === "pause") paused.add(Actor.ID);
        else paused.delete(Actor.ID);
        if (Action.endsWith("pause")) return;
        exitedAt.set(Actor.ID, timeNano);
        exited(Actor.ID, Number(Actor.Attributes.exitCode ?? -1));
      })
      .on("error", () => {}); // The stream's own, which it hands on.
    return ended;
  }

  /** What an engine that was restarted has forgotten to tell. */
  async function inspect(id: string): Promise<void> {
    try {
      const { State } = await docker.getContainer(id).inspect();
      if (State.Status === "exited" || State.Status === "dead") exited(id, State.ExitCode);
    } catch (error) {
      if (isNotFound(error)) exited(id, -1);
    }
  }

  async function listen(first: IncomingMessage): Promise<void> {
    let until: number | undefined;
    for (let stream = first; ;) {
      const openedAt = performance.now();
      await read(stream);
      if (closing.signal.aborted) return;
      const now = performance.now();
      // A connection that breaks again and again is not made anew for ever.
      if (until === undefined || now - openedAt > RECONNECT_WITHIN_MS) until = now + RECONNECT_WITHIN_MS;
      else await sleep(RECONNECT_EVERY_MS, undefined, { ref: false });
      if (now > until) throw new Error("it closes the stream of its events again and again");
      stream = await reopen(until);
      for (const id of waiting) void inspect(id);
    }
  }

  listen(await open()).catch((cause: unknown) => {
    if (closing.signal.aborted) return;
    lostWith = new StackspecError(
      "ENGINE_LOST",
      "expected it to answer until the end, it stopped answering in the middle of the run",
      {
        subject: "engine",
        hint: "look at the engine's own log, and at this machine's memory",
        cause,
      },
    );
    for (const id of waiting) entry(id).reject(lostWith);
  });

  return {
    of: (id) => entry(id).promise,
    expect: (id) => void expected.add(id),
    isExpected: (id) => expected.has(id),
    forget(id) {
      expected.delete(id);
      exits.delete(id);
      waiting.delete(id);
      paused.delete(id);
      forgottenUntil.set(id, exitedAt.get(id) ?? 0);
    },
    isPaused: (id) => paused.has(id),
    close: () => closing.abort(),
  };
}

/** Seconds since 1970 of an answer's `Date` header: the engine's clock, which need not be ours. */
function secondsOf(date: string | undefined): number {
  return Math.floor((date === undefined ? Date.now() : Date.parse(date)) / 1_000);
}
