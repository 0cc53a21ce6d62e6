import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "mocha";
import type { StartedStack } from "../engine/run/start.ts";
import { StackspecError } from "../errors.ts";
import { exchangesText, forgetExchanges } from "../http/exchange.ts";
import { mask } from "../secrets.ts";
import { runConfig, runningStacks } from "./run.ts";

/** What a service wrote last is on its way to us for a few milliseconds, and so is the news of its death. */
const NEWS_WITHIN_MS = 100;
/** A connection that broke may be a service that died: that news is worth more time. */
const DEATH_WITHIN_MS = 1_000;
/** How a connection fails whose other end is gone. */
const BROKEN = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/;
/** How many lines of a service's log a failure shows. */
const LOG_LINES = 50;

/** What a failed spec carries beside its error. On the error itself, for that is what mocha hands on from parallel workers. */
export interface Evidence {
  /** Requests and answers, and what each service wrote meanwhile: text for the terminal and for `system-out`. */
  readonly text: string;
  /** The stack trace without that text. */
  readonly stack: string;
  /** Whole logs, as paths. */
  readonly attachments: readonly string[];
}

/** Where each log was when the spec began. */
let places = new Map<object, number>();

/** A spec begins: what is recorded from now on is its own. */
export function beginEvidence(): void {
  forgetExchanges();
  places = new Map(runningStacks().flatMap(({ logs }) => [...logs.values()].map((log) => [log, log.count] as const)));
}

/** A spec has failed: its error gets what was recorded, and, when a service died under it, that as its cause. */
export async function attachEvidence(test: Test): Promise<void> {
  const { err } = test;
  if (!(err instanceof Error)) return;
  const stacks = runningStacks();
  const broken = BROKEN.test(`${(err as { code?: string }).code} ${err.message}`);
  const withinMs = broken ? DEATH_WITHIN_MS : NEWS_WITHIN_MS;
  const news = stacks.length === 0 ? undefined : sleep(withinMs, undefined, { ref: false });
  const death = await Promise.race([...stacks.map((stack) => stack.death), news]);
  if (death instanceof StackspecError && err !== death) prepend(err, `${death.message}\n\nthe spec failed with: `);

  const text = [exchangesText(), ...stacks.map(logText)].filter((part) => part !== "").join("\n\n");
  const attachments = stacks.flatMap(({ logs }) =>
    [...logs.values()].flatMap(({ file }) => (file === undefined ? [] : [attachment(file)])),
  );
  Object.assign(err, { evidence: { text, stack: err.stack ?? err.message, attachments } satisfies Evidence });
  // Mocha prints the stack below the message: the only place for more.
  if (text !== "") err.stack = `${err.stack ?? err.message}\n\n${text}`;
}

/** The evidence on an error; undefined when there is none. */
export function evidenceOn(error: unknown): Evidence | undefined {
  return (error as { evidence?: Evidence } | undefined)?.evidence;
}

function prepend(error: Error, text: string): void {
  const { message, stack = message } = error;
  error.message = `${text}${message}`;
  error.stack = stack.replace(message, () => error.message);
}

function logText({ logs }: StartedStack): string {
  const parts = [...logs].map(([name, log]) => {
    const lines = log.since(places.get(log) ?? 0).slice(-LOG_LINES);
    return lines.length === 0 ? "" : `${name} wrote:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  });
  return mask(parts.filter((part) => part !== "").join("\n\n"));
}

/** Jenkins takes absolute paths, GitLab relative ones. */
function attachment(file: string): string {
  return runConfig().jenkins ? resolve(file) : file;
}
