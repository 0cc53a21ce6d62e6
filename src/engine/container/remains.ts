import type Dockerode from "dockerode";
import { messageOf } from "../../errors.ts";
import { isNotFound } from "../docker/connect.ts";
import { readLogTail } from "../docker/log.ts";
import { wasOutOfMemory } from "./out-of-memory.ts";

/** How much of a failed container's log stands in the error. */
const LOG_LINES = 40;
/** How long the engine may take to say what is known of a container, in milliseconds: who waits for that has waited long. */
const EVIDENCE_WITHIN_MS = 2_000;
/** How many characters of the last line of a log stand in the first line of an error. */
const LAST_WORDS_LENGTH = 200;
/** Lines that stand below a message: its stack trace and fields, which are indented, and what Node, psql, npm and SQLAlchemy add. */
const BELOW = /^(\s|[}\]^]|Node\.js v\d|LINE \d+:|npm (ERR!|error)|\(Background on this error)/;

/** What the engine says of a container. */
interface State {
  /** In words, or why it cannot be read. */
  readonly state: string;
  /** It was killed for memory. */
  readonly outOfMemory: boolean;
  /** Somebody has removed it, or is about to. */
  readonly removed: boolean;
}

/** What is known of a container that failed. What it means is told by this, not by its text: a log may have any words. */
export interface Remains extends State {
  /** The lines of the end of its log. */
  readonly log: readonly string[];
  /** Why its log cannot be read. */
  readonly unread?: string;
}

/** Gathers that before the container is removed. An engine that hangs is not waited for. */
export async function remainsOf(container: Dockerode.Container): Promise<Remains> {
  const signal = AbortSignal.timeout(EVIDENCE_WITHIN_MS);
  const unread = (what: string, error: unknown): string => {
    const why = signal.aborted ? `the engine has not answered within ${EVIDENCE_WITHIN_MS} ms` : messageOf(error);
    return `${what} cannot be read: ${why}`;
  };
  const [state, log] = await Promise.all([
    stateOf(container, signal).catch((error: unknown) => ({
      state: unread("state", error),
      outOfMemory: false,
      removed: false,
    })),
    logOf(container, signal).catch((error: unknown) => ({ log: [], unread: unread("log", error) })),
  ]);
  return { ...state, ...log };
}

/** As the evidence of an error. */
export function remainsText({ state, log, unread }: Remains): string {
  if (unread !== undefined) return `${state}\n${unread}`;
  return [state, log.length === 0 ? "log: empty" : "log:", ...log.map((line) => `  | ${line}`)].join("\n");
}

/** The same at once, below the last answer that was not the expected one. */
export async function evidenceOfContainer(
  container: Dockerode.Container | undefined,
  lastAnswer?: string,
): Promise<string> {
  const lines = lastAnswer === undefined ? [] : [`last answer: ${lastAnswer}`];
  if (container !== undefined) lines.push(remainsText(await remainsOf(container)));
  return lines.join("\n");
}

async function stateOf(container: Dockerode.Container, abortSignal: AbortSignal): Promise<State> {
  const found = await container.inspect({ abortSignal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (found === undefined) return { state: "state: removed", outOfMemory: false, removed: true };
  const { Status, ExitCode } = found.State;
  // A dead one is what there is of it while its removal ends: https://docs.docker.com/reference/cli/docker/container/ls/#status
  if (["removing", "dead"].includes(Status))
    return { state: `state: removed, exit code ${ExitCode}`, outOfMemory: false, removed: true };
  const outOfMemory = await wasOutOfMemory(found, abortSignal);
  const state = `state: ${Status}, exit code ${ExitCode}${outOfMemory ? ", out of memory" : ""}`;
  return { state, outOfMemory, removed: false };
}

async function logOf(container: Dockerode.Container, signal: AbortSignal): Promise<{ log: readonly string[] }> {
  const tail = await readLogTail(container, LOG_LINES, signal);
  return { log: tail === "" ? [] : tail.split("\n") };
}

/**
 * ": " and the last message of a log, or the one that says itself that it was the end; "" when there is none. A first line is
 * all that many readers see.
 */
export function lastWords(log: readonly string[]): string {
  const lines = log.filter((line) => /\S/.test(line));
  const messages = lines.filter((line) => !BELOW.test(line));
  const last = messages.findLast((line) => /\b(FATAL|PANIC)\b/.test(line)) ?? messages.at(-1) ?? lines.at(-1);
  if (last === undefined) return "";
  const text = last.trim();
  return `: ${text.length > LAST_WORDS_LENGTH ? `${text.slice(0, LAST_WORDS_LENGTH)}…` : text}`;
}
