import { isUtf8 } from "node:buffer";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { mask, maskedJson } from "./secrets.ts";

/** What a terminal obeys or hides instead of showing it: controls but for line breaks and tabs, and overrides of the direction of text. */
const UNSEEN = /[^\P{Cc}\n\t]|[\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu;

/** Text of others as a terminal may have it: what would not be seen, and could colour, move or delete what is, is shown as `\u001b`. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Tells the reader something, on standard output. This and `complain` are the ways to the terminal for what has no colours of ours. */
export function say(text: string): void {
  console.log(visible(text));
}

/** Tells the reader of something that went wrong, on standard error: a text, or anything thrown. */
export function complain(problem: unknown): void {
  console.error(visible(typeof problem === "string" ? problem : inspect(problem)));
}

/** Both here, as what is guarded is the process's own: its streams, of which there is one of each. */
let isGuarded = false;
/** The ways to the terminal past the guard. */
const unguarded = new Map<NodeJS.WriteStream, (chunk: Uint8Array, done: (error?: Error | null) => void) => boolean>();

/** Standard output and error for what the reader has asked for as it is: bytes of a program, an address with its password. */
export function asItIs(): Readonly<Record<"output" | "errors", Writable>> {
  const [output, errors] = [process.stdout, process.stderr].map((stream) => {
    const write = unguarded.get(stream) ?? stream.write.bind(stream);
    return new Writable({ write: (chunk: Uint8Array, _, done) => void write(chunk, done) });
  }) as [Writable, Writable];
  return { output, errors };
}

/** Ends this process when whoever reads its output has read enough, as `head` has. */
export function endWithReader(): void {
  process.stdout.on("error", () => process.exit(0));
}

/**
 * From now on secrets leave this process neither by the terminal, whoever writes there — specs, mocha, its reporters,
 * Node with an error that nobody has caught —, nor by what it tells the process that has started it: a parallel worker
 * knows secrets that the run does not.
 */
export function guardOutput(): void {
  if (isGuarded) return;
  isGuarded = true;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    unguarded.set(stream, write);
    stream.write = (chunk: unknown, ...rest: unknown[]) => write(maskedChunk(chunk), ...rest);
  }
  if (process.send !== undefined) {
    const send = process.send.bind(process) as (message: unknown, ...rest: unknown[]) => boolean;
    process.send = (message: unknown, ...rest: unknown[]) => send(JSON.parse(maskedJson(message)), ...rest);
  }
  process.on("uncaughtExceptionMonitor", (error) => {
    // Somebody takes it, as mocha does while specs run.
    if (process.listenerCount("uncaughtException") > 0) return;
    process.once("uncaughtException", () => {
      complain(error);
      process.exit(1);
    });
  });
}

function maskedChunk(chunk: unknown): unknown {
  if (typeof chunk === "string") return mask(chunk);
  if (!(chunk instanceof Uint8Array)) return chunk;
  // Bytes that are no text stay as they are.
  const encoding = isUtf8(chunk) ? "utf8" : "latin1";
  return Buffer.from(mask(Buffer.from(chunk).toString(encoding)), encoding);
}
