import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorCode } from "../../errors.ts";
import { StackspecError, messageOf } from "../../errors.ts";

/** One question may take this long; then the next is asked. */
export const ANSWER_TIMEOUT_MS = 2_000;
/** A server that refuses a user for this long is not still creating that user, in milliseconds. */
const REFUSED_FOR_MS = 3_000;
/** A host that cannot be found, or reached, for this long is not still coming up, in milliseconds. */
const AWAY_FOR_MS = 10_000;
/** Which part of the time for the whole start a server may give one and the same 4xx: it may be loading what it will serve. */
const SAME_SHARE = 4;
/** Statuses that ask for patience: request timeout, too early, too many requests. */
const PATIENCE: ReadonlySet<number> = new Set([408, 425, 429]);

/** An answer that no waiting will change, when it has been the same for some time. */
export class Refusal extends Error {
  readonly afterMs: number;
  /** Of the failure. Default: those of what is waited for. */
  readonly code: ErrorCode | undefined;
  readonly hint: string | undefined;

  /**
   * @param afterMs that time, in milliseconds: a server that refuses a user may still be creating that user. @default 3_000
   * @param failure its code and its hint, where they are not those of what is waited for
   */
  constructor(message: string, afterMs = REFUSED_FOR_MS, failure: { code?: ErrorCode; hint?: string } = {}) {
    super(message);
    this.afterMs = afterMs;
    this.code = failure.code;
    this.hint = failure.hint;
  }
}

/** How a connection fails to a host that is not there: https://nodejs.org/api/errors.html#common-system-errors */
const AWAY: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  ENOTFOUND: [
    "HOST_UNKNOWN",
    "its name does not resolve",
    "correct the address, or look at this machine's name servers",
  ],
  EAI_AGAIN: ["HOST_UNKNOWN", "its name does not resolve", "no name server answers: look at this machine's network"],
  EHOSTUNREACH: ["HOST_UNREACHABLE", "there is no route to it", "correct the address, or look at network and VPN"],
  ENETUNREACH: ["HOST_UNREACHABLE", "there is no route to it", "correct the address, or look at network and VPN"],
};

/** What a failed connection says of its host, where that is that it cannot be had. */
export function refusalOf(error: unknown): Refusal | undefined {
  // Of a name with several addresses, one that is there would do.
  const codes = (error instanceof AggregateError ? error.errors : [error]).map((each) => codeOf(each));
  const found = codes.every((each) => each in AWAY) ? AWAY[codes[0]!] : undefined;
  if (found === undefined) return undefined;
  const [code, what, hint] = found;
  const why = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  return new Refusal(`${what}: ${messageOf(why)}`, AWAY_FOR_MS, { code, hint });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "";
}

/**
 * Tells which answers of a server are final: a 4xx, when it has given no other status since it first answered. A server that
 * still loads what it will serve may answer so for a while, and so does one that is about to start again.
 *
 * @param timeMs the time for the whole start: a quarter of it is given to such a server
 */
export function watchStatuses(timeMs: number) {
  let first: number | undefined;
  let isOther = false;
  return {
    /** It has answered, and not as expected. */
    refusal(status: number, words: string): Refusal | string {
      first ??= status;
      isOther ||= status !== first;
      if (isOther || status < 400 || status > 499 || PATIENCE.has(status)) return words;
      const afterMs = timeMs / SAME_SHARE;
      return new Refusal(`since its first answer, for ${Math.round(afterMs / 100) / 10} s, ${words}`, afterMs, {
        code: "REQUEST_REFUSED",
        hint: "correct the path, or declare the status that it answers; raise STACKSPEC_START_TIMEOUT_MS if it needs longer",
      });
    },
    /** Nobody has answered: whoever does next may be another server. */
    silent(): void {
      first = undefined;
    },
  };
}

/** How a question is asked again and again. */
interface Asking {
  readonly subject: string;
  /** The code of a refusal that has none of its own, and its hint. */
  readonly code: ErrorCode;
  readonly hint: string;
  /** Time between two questions, in milliseconds. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Told each answer that is not the expected one. */
  noted?(answer: string): void;
}

/**
 * Asks until the answer is the expected one.
 *
 * @param ask resolves with undefined when it is, else with what the answer was; it may reject too
 * @throws StackspecError when the answer will not change any more, or the reason of `signal` when that aborts
 */
export async function askUntil(ask: () => Promise<string | Error | undefined>, asking: Asking): Promise<void> {
  let refused: { readonly code: ErrorCode; readonly since: number } | undefined;
  for (;;) {
    const given: unknown = await ask().catch((error: unknown) => error);
    if (given === undefined) return;
    const answer = given instanceof Refusal ? given : (refusalOf(given) ?? given);
    asking.noted?.(messageOf(answer));
    if (!(answer instanceof Refusal)) refused = undefined;
    else {
      const { afterMs, code = asking.code, hint = asking.hint } = answer;
      if (refused?.code !== code) refused = { code, since: performance.now() };
      if (performance.now() - refused.since >= afterMs)
        throw new StackspecError(code, answer.message, { subject: asking.subject, hint });
    }
    await sleep(asking.intervalMs, undefined, { signal: asking.signal });
  }
}
