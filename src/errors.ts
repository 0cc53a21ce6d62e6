import { mask } from "./secrets.ts";

/**
 * What went wrong, as a stable word to search the docs for. `USAGE` is the reader's input and ends a
 * command with exit code 2; everything else ends it with 1.
 */
export type ErrorCode =
  | "USAGE"
  | "ENGINE_UNREACHABLE"
  | "INSTALL_FAILED"
  | "IMAGE_NOT_FOUND"
  | "IMAGE_BUILD_FAILED"
  | "REGISTRY_UNREACHABLE"
  | "REGISTRY_DENIED"
  | "CREATE_FAILED"
  | "FILE_MISSING"
  | "VOLUME_MISSING"
  | "PORT_TAKEN"
  | "NETWORK_EXHAUSTED"
  | "CONTAINER_EXITED"
  | "OUT_OF_MEMORY"
  | "HOST_UNKNOWN"
  | "HOST_UNREACHABLE"
  | "NOT_LISTENING"
  | "WRONG_ANSWER"
  | "REQUEST_REFUSED"
  | "UNHEALTHY"
  | "LOG_LINE_MISSING"
  | "SQL_REFUSED"
  | "NOT_READY"
  | "TASK_FAILED"
  | "TASK_TIMEOUT"
  | "START_TIMEOUT"
  | "CANCELLED"
  | "SERVICE_DIED"
  | "POLL_TIMEOUT"
  | "BROWSER_FAILED"
  | "PAGE_FAILED"
  | "ENGINE_LOST"
  | "ENGINE_REFUSED"
  | "FAULT_IMPOSSIBLE"
  | "FAULT_FAILED"
  | "RESET_FAILED"
  | "SNAPSHOT_FAILED"
  | "RELEASE_FAILED";

/** What an error carries beside its sentence. */
export interface ErrorDetails {
  /** The service, task, image or setting that the error is about. */
  readonly subject?: string | undefined;
  /** What to do next: one sentence. */
  readonly hint?: string | undefined;
  /** Evidence: log lines, an inspect result, a build's output. Printed below the sentence. */
  readonly evidence?: string;
  readonly cause?: unknown;
  /** That of the run which fails for it. Default: undefined: 2 for bad input, else 1. */
  readonly exitCode?: number | undefined;
}

/**
 * Every error that stackspec throws. `message` starts with code and subject, then says what was
 * expected, what was found and what to do; the evidence follows on lines of its own. Secrets are masked,
 * in all that it says and, where it is printed, in what its causes say.
 */
export class StackspecError extends Error {
  static {
    // As with the errors of JavaScript: inherited, and not printed as a field.
    Object.defineProperty(this.prototype, "name", { value: "StackspecError", writable: true });
  }

  readonly code: ErrorCode;
  readonly subject: string | undefined;
  declare readonly exitCode: number | undefined;
  declare readonly hint: string | undefined;
  declare readonly evidence: string | undefined;
  /** What was expected and what was found. */
  declare readonly what: string;
  /** The first line of `message`: all that a summary needs. */
  declare readonly sentence: string;

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const [subject, hint, evidence] = [details.subject, details.hint, details.evidence].map((text) =>
      text === undefined ? undefined : mask(text),
    );
    const sentence = mask(
      `${code}: ${subject === undefined ? "" : `${subject}: `}${what}${hint === undefined ? "" : ` — ${hint}`}`,
    );
    super(
      evidence === undefined ? sentence : `${sentence}\n${evidence}`,
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.code = code;
    this.subject = subject;
    // These are parts of the message: who prints the error need not see them twice.
    // A field, for parallel workers hand on nothing else of an error.
    if (details.exitCode !== undefined) this.exitCode = details.exitCode;
    for (const [key, value] of Object.entries({ hint, evidence, what: mask(what), sentence }))
      Object.defineProperty(this, key, { value });
  }

  /** Whoever prints it prints its causes too, which others have made: https://nodejs.org/api/util.html#custom-inspection-functions-on-objects */
  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return mask(inspect(this, { ...options, customInspect: false }));
  }

  /** The same error with more evidence below its own. */
  withEvidence(more: string): StackspecError {
    const { subject, hint, cause, evidence, exitCode } = this;
    return new StackspecError(this.code, this.what, {
      subject,
      hint,
      evidence: evidence === undefined ? more : `${evidence}\n${more}`,
      cause,
      exitCode,
    });
  }
}

/** Bad input: what was expected and what was found, in one line. Exit code 2. */
export function usageError(subject: string, what: string, cause?: unknown): StackspecError {
  return new StackspecError("USAGE", what, { subject, cause });
}

/** Codes of what the reader of the message mends: a name, an address, an image that cannot be had. */
const BAD_INPUT = ["USAGE", "IMAGE_NOT_FOUND", "REGISTRY_UNREACHABLE", "REGISTRY_DENIED"] as const;
type BadInput = StackspecError & { readonly code: (typeof BAD_INPUT)[number] };

/** Bad input is not a finding: it exits with 2, and its sentence says all. */
export function isBadInput(error: unknown): error is BadInput {
  return error instanceof StackspecError && hasBadInputCode(error);
}

/** Likewise, of the fields of an error: mocha hands on no more of one of a parallel worker. */
export function hasBadInputCode({ code }: { readonly code?: unknown }): boolean {
  return BAD_INPUT.some((each) => each === code);
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
