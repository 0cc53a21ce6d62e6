import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { imageName } from "../../stack/image.ts";
import type { ImageSource } from "../../stack/image.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { withCode } from "../docker/answers.ts";
import { isNotFound } from "../docker/connect.ts";
import { readLogTail } from "../docker/log.ts";

/** How much of a failed container's log stands in the error. */
const LOG_LINES = 40;
/** How long the engine may take to say what is known of a container, in milliseconds: who waits for that has waited long. */
const EVIDENCE_WITHIN_MS = 2_000;
/** How many characters of the last line of a log stand in the first line of an error. */
const LAST_WORDS_LENGTH = 200;
/** Lines that stand below a message: its stack trace and fields, which are indented, and what Node, psql, npm and SQLAlchemy add. */
const BELOW = /^(\s|[}\]^]|Node\.js v\d|LINE \d+:|npm (ERR!|error)|\(Background on this error)/;
const OUT_OF_MEMORY = ", out of memory";
const REMOVED = "state: removed";
const WHO_REMOVES = "find out who removes containers of others on this engine";

/** What the engine says of a container, and the end of its log: gathered before it is removed. An engine that hangs is not waited for. */
export async function evidenceOf(container: Dockerode.Container | undefined, lastAnswer?: string): Promise<string> {
  const lines = lastAnswer === undefined ? [] : [`last answer: ${lastAnswer}`];
  if (container === undefined) return lines.join("\n");
  const signal = AbortSignal.timeout(EVIDENCE_WITHIN_MS);
  const orWhyNot = (what: string, reading: Promise<string>): Promise<string> =>
    reading.catch((error: unknown) => {
      const why = signal.aborted ? `the engine has not answered within ${EVIDENCE_WITHIN_MS} ms` : messageOf(error);
      return `${what} cannot be read: ${why}`;
    });
  const found = [orWhyNot("state", stateOf(container, signal)), orWhyNot("log", logOf(container, signal))];
  return [...lines, ...(await Promise.all(found))].join("\n");
}

async function stateOf(container: Dockerode.Container, abortSignal: AbortSignal): Promise<string> {
  const found = await container.inspect({ abortSignal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (found === undefined) return REMOVED;
  const { State } = found;
  // A dead one is what there is of it while its removal ends: https://docs.docker.com/reference/cli/docker/container/ls/#status
  if (["removing", "dead"].includes(State.Status)) return `${REMOVED}, exit code ${State.ExitCode}`;
  return `state: ${State.Status}, exit code ${State.ExitCode}${State.OOMKilled ? OUT_OF_MEMORY : ""}`;
}

async function logOf(container: Dockerode.Container, signal: AbortSignal): Promise<string> {
  const tail = await readLogTail(container, LOG_LINES, signal);
  return tail === "" ? "log: empty" : `log:\n${tail.replaceAll(/^/gm, "  | ")}`;
}

/**
 * ": " and the last message of the log that is in this evidence, or the one that says itself that it was the end; "" when there
 * is none. A first line is all that many readers see.
 */
export function lastWords(evidence: string): string {
  const lines = evidence.split("\n").filter((line) => /^ {2}\| \s*\S/.test(line));
  const messages = lines.filter((line) => !BELOW.test(line.slice("  | ".length)));
  const last = messages.findLast((line) => /\b(FATAL|PANIC)\b/.test(line)) ?? messages.at(-1) ?? lines.at(-1);
  if (last === undefined) return "";
  const text = last.slice("  | ".length).trim();
  return `: ${text.length > LAST_WORDS_LENGTH ? `${text.slice(0, LAST_WORDS_LENGTH)}…` : text}`;
}

/** The failure of a service that exited before it was ready. */
export async function exitFailure(
  name: string,
  container: Dockerode.Container,
  exitCode: number,
  when = "before it was ready",
): Promise<StackspecError> {
  const evidence = await evidenceOf(container);
  if (outOfMemory(evidence))
    return new StackspecError("OUT_OF_MEMORY", `was killed for memory, exit code ${exitCode}`, {
      subject: name,
      hint: "raise its limit with withResourcesQuota(), or find out what it needs the memory for",
      evidence,
    });
  if (evidence.includes(REMOVED))
    return new StackspecError("CONTAINER_EXITED", `was removed by somebody else ${when}`, {
      subject: name,
      hint: WHO_REMOVES,
      evidence,
    });
  return new StackspecError("CONTAINER_EXITED", `exited with code ${exitCode} ${when}${lastWords(evidence)}`, {
    subject: name,
    hint: "its log says why",
    evidence,
  });
}

/** The failure of a service that was ready, and exited while it was needed. */
export async function deathFailure(
  name: string,
  container: Dockerode.Container,
  exitCode: number,
): Promise<StackspecError> {
  const evidence = await evidenceOf(container);
  if (evidence.includes(REMOVED))
    return new StackspecError("SERVICE_DIED", "was ready, and was removed by somebody else", {
      subject: name,
      hint: `${WHO_REMOVES}; no spec after this can reach it`,
      evidence,
    });
  return new StackspecError(
    "SERVICE_DIED",
    `was ready and has exited since, with code ${exitCode}${outOfMemory(evidence) ? ", killed for memory" : ""}`,
    {
      subject: name,
      hint: "its log says why; no spec after this can reach it",
      evidence,
    },
  );
}

function outOfMemory(evidence: string): boolean {
  return evidence.includes(`${OUT_OF_MEMORY}\n`);
}

/** What the engine refuses, by the words it uses (Docker 20 to 28, Podman 4 and 5). */
const REFUSALS: readonly [RegExp, ErrorCode, string][] = [
  [
    /port is already allocated|address already in use/i,
    "PORT_TAKEN",
    "free the port, or leave the choice to the engine with withExposedPorts(port)",
  ],
  [/no such image/i, "IMAGE_NOT_FOUND", "check the image's name"],
  [
    /bind source path does not exist|statfs .*no such file/i,
    "FILE_MISSING",
    "a mount is of the engine's machine, which has no files of this one where it is another: copy them with withCopyFilesToContainer() or withCopyDirectoriesToContainer()",
  ],
];

/** The failure of a container that could not be created or started at all. */
export function startFailure(
  { name, options }: { readonly name: string; readonly options: { readonly image?: ImageSource } },
  cause: unknown,
): StackspecError {
  const text = messageOf(cause);
  const [, code, hint] = REFUSALS.find(([pattern]) => pattern.test(text)) ?? [
    undefined,
    "CREATE_FAILED" as const,
    undefined,
  ];
  const image = options.image === undefined ? "" : ` from ${imageName(options.image)}`;
  return new StackspecError(code, `cannot be started${image}: ${text}`, {
    subject: name,
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

/** Who waited for whom: "nginx waits for app waits for migrate"; the name alone when nothing waited. */
export function waitingChain(failed: Node, nodes: readonly Node[]): string {
  const names = [failed.name];
  let current: Node = failed;
  for (;;) {
    const waiting = nodes.find(({ options }) =>
      (options.after ?? []).some((dependency) => nodeOf(dependency) === current),
    );
    if (waiting === undefined) return names.join(" waits for ");
    names.unshift(waiting.name);
    current = waiting;
  }
}

/** The part that an error is about: by its own name, or by the name of the image that it cannot have. */
export function nodeAbout(error: unknown, stack: Stack): Node | undefined {
  const { subject } = error as { subject?: string };
  return stack.nodes.find(
    ({ name, options }) => name === subject || (options.image !== undefined && imageName(options.image) === subject),
  );
}

/** Adds a code to what an engine has refused, who waited for the failed part, which services are paused, and how the start went. */
export function withContext(
  failure: unknown,
  node: Node | undefined,
  {
    stack,
    timeline,
    paused,
  }: { readonly stack: Stack; readonly timeline: readonly string[]; readonly paused: readonly string[] },
): unknown {
  const error = withCode(failure);
  if (!(error instanceof StackspecError) || error.code === "USAGE") return error;
  const names = node === undefined ? "" : waitingChain(node, stack.nodes);
  // An image is the subject of its error.
  const chain = names !== "" && names !== error.subject ? [`${names}: ${error.what}`] : [];
  return error.withEvidence([...chain, ...paused, "timeline:", ...timeline].join("\n"));
}
