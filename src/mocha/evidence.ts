import { exchangesText } from "../http/exchange.ts";
import type { Exchange } from "../http/exchange.ts";
import { mask } from "../secrets.ts";

/** What a failed spec carries beside its error: plain data, which each reporter shows in its own way. */
export interface Evidence {
  /** The failure of the service that died under the spec, and which are paused; undefined when there is no such thing. */
  readonly death?: string | undefined;
  /** It is of a stack that did not come up. */
  readonly isStart?: boolean;
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

/**
 * Requests, answers and logs, for a terminal or for `system-out`; empty when there are none, and for a start: its error
 * has the log of what has failed.
 */
export function evidenceText({ isStart = false, exchanges, logs }: Evidence): string {
  if (isStart) return "";
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
