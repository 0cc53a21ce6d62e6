import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "mocha";
import type { Log } from "../engine/docker/log.ts";
import type { ProgressEvent } from "../engine/plan/progress.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError } from "../errors.ts";
import { recordExchanges } from "../http/exchange.ts";
import { timeShare } from "./clock.ts";
import { evidenceOf } from "./evidence.ts";
import type { Evidence, WrittenLines } from "./evidence.ts";

/** What a service wrote last is on its way to the engine for a few milliseconds, and so is the news of its death. */
const NEWS_WITHIN_MS = 100;
/** A connection that broke may be a service that died: that news is worth more time. */
const DEATH_WITHIN_MS = 1_000;
/** What all failures of a run may wait at once for such news, in milliseconds; beyond that, a tenth of the run's time. */
const WAITS_MS = 1_000;
/** How a connection fails whose other end is gone. */
const BROKEN = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/;
/** How many lines of a service's log a failure shows, and how many characters of them. */
const LOG_LINES = 50;
const LOG_LENGTH = 64 * 1024;

/** Records what specs do, and keeps it for those that fail. */
export interface EvidenceRecorder {
  /** A spec, or a hook that is not part of one, begins: what is recorded from now on is its own. */
  beginSpec(): void;
  /** What others have seen of the spec, to go with its error if it fails. `files` are paths to attach. */
  add(seen: { readonly logs?: readonly WrittenLines[]; readonly files?: readonly string[] }): void;
  /** A spec has failed: its error gets what was recorded. */
  attachTo(failed: Pick<Test, "err">): Promise<void>;
  /** The same for a hook that is not part of a spec, and that nobody waits for. */
  attachToHook(thrown: unknown): void;
  /** Resolves when all failures have what was recorded. */
  settle(): Promise<unknown>;
  /** Hears what happens in stacks, and returns it. */
  hear(event: ProgressEvent): ProgressEvent;
  /** A stack starts: if that fails, its error gets what its containers have written. Returns the start. */
  watchStart<T>(stack: string, start: Promise<T>): Promise<T>;
}

/** A start of a stack that has not ended. */
interface Start {
  readonly stack: string;
  readonly logs: NamedLog[];
  failedAtMs?: number;
}

interface NamedLog {
  readonly service: string;
  readonly log: Pick<Log, "follow" | "file">;
}

/**
 * @param running the stacks that run now
 * @param pathOf what a log's file is called in a report
 * @param wait resolves after so many milliseconds
 */
export function recordEvidence(
  running: () => readonly Pick<StartedStack, "logs" | "death" | "paused">[],
  pathOf: (file: string) => string,
  wait = (ms: number): Promise<unknown> => sleep(ms, undefined, { ref: false }),
): EvidenceRecorder {
  const exchanges = recordExchanges();
  const waits = timeShare(WAITS_MS);
  const starts = new Set<Start>();
  const attaching = new Set<Promise<void>>();
  let fromMs = 0;
  let added = { logs: [] as WrittenLines[], files: [] as string[] };

  const attachTo: EvidenceRecorder["attachTo"] = async ({ err }) => {
    if (!(err instanceof Error)) return;
    const untilMs = Date.now();
    const stacks = running();
    const logs = stacks.flatMap((stack) => [...stack.logs].map(([service, log]) => ({ service, log })));
    const spec = { fromMs, untilMs: Infinity };
    const written = logs.map((each) => linesOf(each, spec));

    const broken = BROKEN.test(`${(err as { code?: string }).code} ${err.message}`);
    const newsMs = Math.min(broken ? DEATH_WITHIN_MS : NEWS_WITHIN_MS, Math.max(0, waits.leftMs()));
    // What lives in this process has neither a log nor a death that would have to come from anywhere.
    if (logs.length > 0) waits.spend(newsMs);
    const news = logs.length > 0 ? wait(newsMs) : undefined;
    const requests = exchanges.list();
    const { logs: more, files } = added;
    const death = await Promise.race([...stacks.map((stack) => stack.death), news]);
    spec.untilMs = Date.now();
    const paused = stacks.flatMap((stack) => stack.paused());
    // News that came has cost the time until then.
    if (death instanceof StackspecError && logs.length > 0) waits.spend(spec.untilMs - untilMs - newsMs);
    const died = death instanceof StackspecError && death !== err ? [death.message] : [];
    // Of a stack that the spec has started itself, in vain.
    const start = evidenceOf(err);

    attach(err, {
      death: [...died, ...paused].join("\n") || undefined,
      fromMs,
      untilMs,
      exchanges: requests,
      logs: [...more, ...written, ...(start?.logs ?? [])],
      attachments: [...[...files, ...filesOf(logs)].map(pathOf), ...(start?.attachments ?? [])],
    });
  };
  return {
    beginSpec() {
      exchanges.forget();
      added = { logs: [], files: [] };
      fromMs = Date.now();
    },
    add({ logs = [], files = [] }) {
      added.logs.push(...logs);
      added.files.push(...files);
    },
    attachTo,
    attachToHook(thrown) {
      // The failure of a start has all that is to be said of it.
      if (!(thrown instanceof Error) || evidenceOf(thrown) !== undefined) return;
      const work = attachTo({ err: thrown }).finally(() => attaching.delete(work));
      attaching.add(work);
    },
    settle: () => Promise.allSettled(attaching),
    hear(event) {
      for (const start of starts) {
        if (!("stack" in event) || event.stack !== start.stack) continue;
        if (event.kind === "log") start.logs.push({ service: event.name, log: event.log });
        if (event.kind === "node" && event.state === "failed") start.failedAtMs ??= Date.now();
      }
      return event;
    },
    watchStart(stack, starting) {
      const startedAtMs = Date.now();
      const start: Start = { stack, logs: [] };
      starts.add(start);
      const over = (error?: unknown): void => {
        starts.delete(start);
        if (!(error instanceof Error)) return;
        const { failedAtMs: untilMs = Date.now(), logs } = start;
        // What is written later comes of the end of the others.
        const time = { fromMs: startedAtMs, untilMs: untilMs + NEWS_WITHIN_MS };
        attach(error, {
          isStart: true,
          fromMs: startedAtMs,
          untilMs,
          exchanges: [],
          logs: logs.map((each) => linesOf(each, time)),
          attachments: filesOf(logs).map(pathOf),
        });
      };
      starting.then(() => over(), over);
      return starting;
    },
  };
}

/** Enumerable, for such properties of an error are all that mocha carries from a parallel worker to the reporter. */
function attach(error: Error, value: Evidence): void {
  Reflect.defineProperty(error, "specEvidence", { value, enumerable: true, configurable: true });
}

function filesOf(logs: readonly NamedLog[]): string[] {
  return logs.flatMap(({ log: { file } }) => file ?? []);
}

/** What a log has of a time, now and when more of that comes. The engine's times decide: a line may come here late. */
function linesOf(
  { service, log }: NamedLog,
  time: { readonly fromMs: number; readonly untilMs: number },
): WrittenLines {
  const lines: string[] = [];
  const times: number[] = [];
  let length = 0;
  log.follow((line, atMs) => {
    if (atMs < time.fromMs || atMs > time.untilMs) return;
    lines.push(line);
    times.push(atMs);
    length += line.length;
    while (lines.length > LOG_LINES || (length > LOG_LENGTH && lines.length > 1)) {
      length -= lines.shift()!.length;
      times.shift();
    }
  });
  return { service, lines, atMs: times };
}
