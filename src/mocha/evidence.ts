import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "mocha";
import type { Log } from "../engine/docker/log.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError } from "../errors.ts";
import { exchangesText, recordExchanges } from "../http/exchange.ts";
import type { Exchange } from "../http/exchange.ts";
import { mask } from "../secrets.ts";
import { timeShare } from "./clock.ts";

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

/** What a failed spec carries beside its error: plain data, which each reporter shows in its own way. */
export interface Evidence {
  /** The failure of the service that died under the spec, and which are paused; undefined when there is no such thing. */
  readonly death?: string | undefined;
  /** When the spec ran, in milliseconds of Unix time: the run hears of a parallel worker's when its file is done. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** The spec's last requests and their answers. */
  readonly exchanges: readonly Exchange[];
  /** What each service wrote meanwhile, at most the last lines of it. What is still on its way here is added when it comes. */
  readonly logs: readonly WrittenLines[];
  /** Files: whole logs, pictures. */
  readonly attachments: readonly string[];
}

/** What a service wrote while a spec ran. */
export interface WrittenLines {
  readonly service: string;
  readonly lines: readonly string[];
  /** When the engine had each of them, in milliseconds of Unix time. */
  readonly atMs: readonly number[];
}

/** Records what specs do, and keeps it for those that fail. */
export interface EvidenceRecorder {
  /** A spec begins: what is recorded from now on is its own. */
  beginSpec(): void;
  /** What others have seen of the spec, to go with its error if it fails. `files` are paths to attach. */
  add(seen: { readonly logs?: readonly WrittenLines[]; readonly files?: readonly string[] }): void;
  /** A spec has failed: its error gets what was recorded. */
  attachTo(failed: Pick<Test, "err">): Promise<void>;
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
  let fromMs = 0;
  let added = { logs: [] as WrittenLines[], files: [] as string[] };
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
    async attachTo({ err }) {
      if (!(err instanceof Error)) return;
      const untilMs = Date.now();
      const stacks = running();
      const logs = stacks.flatMap((stack) => [...stack.logs].map(([service, log]) => ({ service, log })));
      const spec = { fromMs, untilMs: Infinity };
      const written = logs.map(({ service, log }) => ({ service, ...linesOf(log, spec) }));

      const broken = BROKEN.test(`${(err as { code?: string }).code} ${err.message}`);
      const newsMs = Math.min(broken ? DEATH_WITHIN_MS : NEWS_WITHIN_MS, Math.max(0, waits.leftMs()));
      // What lives in this process has neither a log nor a death that would have to come from anywhere.
      if (logs.length > 0) waits.spend(newsMs);
      const news = logs.length > 0 ? wait(newsMs) : undefined;
      const death = await Promise.race([...stacks.map((stack) => stack.death), news]);
      spec.untilMs = Date.now();
      const paused = stacks.flatMap((stack) => stack.paused());
      const died = death instanceof StackspecError && death !== err ? [death.message] : [];

      const evidence: Evidence = {
        death: [...died, ...paused].join("\n") || undefined,
        fromMs,
        untilMs,
        exchanges: exchanges.list(),
        logs: [...added.logs, ...written],
        attachments: [...added.files, ...logs.flatMap(({ log: { file } }) => file ?? [])].map(pathOf),
      };
      // Enumerable, for such properties of an error are all that mocha carries from a parallel worker to the reporter.
      Reflect.defineProperty(err, "specEvidence", { value: evidence, enumerable: true, configurable: true });
    },
  };
}

/** What a log has of the time of a spec, now and when more of that comes. The engine's times decide: a line may come here late. */
function linesOf(
  log: Pick<Log, "follow">,
  spec: { readonly fromMs: number; readonly untilMs: number },
): Pick<WrittenLines, "lines" | "atMs"> {
  const lines: string[] = [];
  const times: number[] = [];
  let length = 0;
  log.follow((line, atMs) => {
    if (atMs < spec.fromMs || atMs > spec.untilMs) return;
    lines.push(line);
    times.push(atMs);
    length += line.length;
    while (lines.length > LOG_LINES || (length > LOG_LENGTH && lines.length > 1)) {
      length -= lines.shift()!.length;
      times.shift();
    }
  });
  return { lines, atMs: times };
}

/** What a failed spec carries on its error; undefined when there is nothing. */
export function evidenceOf(error: unknown): Evidence | undefined {
  return looking(() => (error as { specEvidence?: Evidence } | undefined)?.specEvidence);
}

/** What a look at something thrown finds. Anybody may throw anything, also what throws when it is looked at. */
export function looking<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Requests, answers and logs, for a terminal or for `system-out`; empty when there are none. */
export function evidenceText({ exchanges, logs }: Evidence): string {
  const written = logs
    .filter(({ lines }) => lines.length > 0)
    .map(({ service, lines }) => `${service} wrote:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  return mask([exchangesText(exchanges), ...written].filter((part) => part !== "").join("\n\n"));
}

/** Mocha's own rule. What comes from a parallel worker is a plain object with an error's fields. */
export function isError(thrown: unknown): thrown is Error {
  const message = (): unknown => (thrown as Partial<Error> | undefined)?.message;
  return thrown instanceof Error || typeof looking(message) === "string";
}

/**
 * An error as readers see it: what died under the spec comes before what the spec says of it, secrets are masked, in its
 * causes too, and `below` follows the stack trace. The error itself stays as it was thrown.
 */
export function shownError(error: unknown, below = ""): unknown {
  if (!isError(error)) return error;
  return looking(() => shownAs(error, below, [])) ?? new Error("what was thrown throws when it is looked at");
}

function shownAs(error: Error, below: string, above: readonly Error[]): Error {
  // A stack trace may be a list, a number, or what a spec makes of it; and so may all the rest.
  const { name, cause, actual, expected, ...told } = fieldsOf(error);
  const message = String(told.message);
  const stack = typeof told.stack === "string" ? told.stack : message;
  const death = evidenceOf(error)?.death;
  const shown = mask(death === undefined ? message : `${death}\n\nthe spec failed with: ${message}`);
  const at = stack.indexOf(message);
  const trace = at < 0 ? mask(stack) : `${stack.slice(0, at)}${shown}${mask(stack.slice(at + message.length))}`;
  const isCircle = [...above, error].includes(cause as Error);
  const changes = {
    // What comes from a parallel worker has lost it.
    name: typeof name === "string" ? name : /^\w+/.exec(stack)?.[0],
    message: shown,
    stack: below === "" ? trace : `${trace}\n\n${below}`,
    ...(isError(cause) ? { cause: isCircle ? undefined : shownAs(cause, "", [...above, error]) } : {}),
    ...(typeof actual === "string" ? { actual: mask(actual) } : {}),
    ...(typeof expected === "string" ? { expected: mask(expected) } : {}),
  };
  const described = Object.entries(changes).map(([key, value]) => [key, { value, writable: true }] as const);
  return Object.create(error, Object.fromEntries(described)) as Error;
}

type Fields = Readonly<Record<"name" | "message" | "stack" | "cause" | "actual" | "expected", unknown>>;

/** What mocha and chai may have put on an error, own or inherited. */
function fieldsOf(error: unknown): Fields {
  const { name, message, stack, cause, actual, expected } = error as Fields;
  return { name, message, stack, cause, actual, expected };
}
