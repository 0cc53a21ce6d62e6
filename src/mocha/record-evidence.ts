import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "mocha";
import type { ProgressEvent } from "../engine/plan/progress.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError } from "../errors.ts";
import { exchangeRecord, recordExchanges } from "../http/exchange.ts";
import type { ExchangeRecord } from "../http/exchange.ts";
import { timeShare } from "./clock.ts";
import { evidenceOf } from "./evidence.ts";
import type { Evidence, WrittenLines } from "./evidence.ts";
import { filesOf, linesOf } from "./log-lines.ts";
import type { NamedLog } from "./log-lines.ts";

/** What a service wrote last is on its way to the engine for a few milliseconds, and so is the news of its death. */
const NEWS_WITHIN_MS = 100;
/** A connection that broke may be a service that died: that news is worth more time. */
const DEATH_WITHIN_MS = 1_000;
/** An exit that is heard of is told within two seconds: what is left of the service is read meanwhile. */
const TOLD_WITHIN_MS = 3_000;
/**
 * What all failures of a run may wait at once for such news, in milliseconds; beyond that, one part of so many of the run's
 * time. Each kind has its own: many failures of assertions do not keep a broken connection from being explained.
 */
const WAITS_MS = 1_000;
const DEATH_WAITS_MS = 3_000;
const SHARE = 20;
/** How a connection fails whose other end is gone. */
const BROKEN = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/;

/** Records what specs do, and keeps it for those that fail. */
export interface EvidenceRecorder {
  /** A spec, or a hook that is not part of one, begins: what is recorded from now on is its own. */
  beginSpec(): void;
  /** What others have seen of the spec, to go with its error if it fails. `files` are paths to attach. */
  add(seen: { readonly logs?: readonly WrittenLines[]; readonly files?: readonly string[] }): void;
  /** A spec has failed: its error gets what was recorded. */
  attachTo(failed: Pick<Test, "err">): Promise<void>;
  /** The same where nobody waits for that: for a hook that is not part of a spec, and for a spec that has ended before. */
  attachLater(thrown: unknown): void;
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

/** What is known of a spec, or of a hook that is not part of one. */
interface Known {
  readonly fromMs: number;
  readonly exchanges: ExchangeRecord;
  readonly logs: WrittenLines[];
  readonly files: string[];
}

/**
 * @param running the stacks that run now
 * @param pathOf what a log's file is called in a report
 * @param key of the spec that whoever asks is part of, however long that has ended; undefined where it is none
 * @param wait resolves after so many milliseconds
 */
export function recordEvidence(
  running: () => readonly Pick<StartedStack, "logs" | "death" | "isDying" | "paused">[],
  pathOf: (file: string) => string,
  key: () => object | undefined = () => undefined,
  wait = (ms: number): Promise<unknown> => sleep(ms, undefined, { ref: false }),
): EvidenceRecorder {
  const newsShare = timeShare(WAITS_MS, SHARE);
  const deathShare = timeShare(DEATH_WAITS_MS, SHARE);
  const starts = new Set<Start>();
  const attaching = new Map<Error, Promise<void>>();
  /** What began last, and all specs of which something may still come. */
  let latest = nothingSince(0);
  const specs = new WeakMap<object, Known>();
  const known = (): Known => {
    const spec = key();
    return (spec && specs.get(spec)) ?? latest;
  };
  recordExchanges(() => known().exchanges);

  const attach = async (failed: Error, { fromMs, exchanges, logs: more, files }: Known): Promise<void> => {
    const untilMs = Date.now();
    const stacks = running();
    const logs = stacks.flatMap((stack) => [...stack.logs].map(([service, log]) => ({ service, log })));
    const spec = { fromMs, untilMs: Infinity };
    const written = logs.map((each) => linesOf(each, spec));

    const broken = BROKEN.test(`${(failed as { code?: string }).code} ${failed.message}`);
    const [waits, withinMs] = broken ? [deathShare, DEATH_WITHIN_MS] : [newsShare, NEWS_WITHIN_MS];
    const newsMs = Math.min(withinMs, Math.max(0, waits.leftMs()));
    // What lives in this process has neither a log nor a death that would have to come from anywhere.
    if (logs.length > 0) waits.spend(newsMs);
    const news = logs.length > 0 ? wait(newsMs) : undefined;
    const requests = exchanges.list();
    const deaths = stacks.map(({ death }) => death);
    let death = await Promise.race([...deaths, news]);
    if (death === undefined && stacks.some((stack) => stack.isDying()))
      death = await Promise.race([...deaths, wait(TOLD_WITHIN_MS)]);
    spec.untilMs = Date.now();
    const paused = stacks.flatMap((stack) => stack.paused());
    // News that came has cost the time until then.
    if (death instanceof StackspecError && logs.length > 0) waits.spend(spec.untilMs - untilMs - newsMs);
    const died = death instanceof StackspecError && death !== failed ? [death.message] : [];
    // Of a stack that the spec has started itself, in vain.
    const carried = evidenceOf(failed);
    const start = carried?.isStart === true ? carried : undefined;

    carry(failed, {
      death: [...died, ...paused].join("\n") || undefined,
      fromMs,
      untilMs,
      exchanges: requests,
      logs: [...more, ...written, ...(start?.logs ?? [])],
      attachments: [...[...files, ...filesOf(logs)].map(pathOf), ...(start?.attachments ?? [])],
    });
  };
  const attachTo: EvidenceRecorder["attachTo"] = async ({ err }) => {
    if (!(err instanceof Error)) return;
    const work = attaching.get(err) ?? attach(err, known()).finally(() => attaching.delete(err));
    attaching.set(err, work);
    await work;
  };
  return {
    beginSpec() {
      latest = nothingSince(Date.now());
      const spec = key();
      if (spec !== undefined) specs.set(spec, latest);
    },
    add({ logs = [], files = [] }) {
      const { logs: allLogs, files: allFiles } = known();
      allLogs.push(...logs);
      allFiles.push(...files);
    },
    attachTo,
    attachLater(thrown) {
      // The failure of a start has all that is to be said of it.
      if (evidenceOf(thrown) === undefined) void attachTo({ err: thrown as Error });
    },
    settle: () => Promise.allSettled(attaching.values()),
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
        carry(error, {
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

function nothingSince(fromMs: number): Known {
  return { fromMs, exchanges: exchangeRecord(), logs: [], files: [] };
}

/** Enumerable, for such properties of an error are all that mocha carries from a parallel worker to the reporter. */
function carry(error: Error, value: Evidence): void {
  Reflect.defineProperty(error, "specEvidence", { value, enumerable: true, configurable: true });
}
