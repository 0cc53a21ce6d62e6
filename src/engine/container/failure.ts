import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { imageName } from "../../stack/image.ts";
import type { ImageSource } from "../../stack/image.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { withCode } from "../docker/answers.ts";
import { lastWords, remainsOf, remainsText } from "./remains.ts";

const WHO_REMOVES = "find out who removes containers of others on this engine";
/** What an engine says that was asked of a container itself which is not there any more (Docker 20 to 28, Podman 4 and 5). */
const IS_GONE = /marked for removal|no (?:such )?container.*?([\da-f]{64}).*\/containers\/\1/is;

/** The failure of a service that exited before it was ready. */
export async function exitFailure(
  name: string,
  container: Dockerode.Container,
  exitCode: number,
  when = "before it was ready",
): Promise<StackspecError> {
  const remains = await remainsOf(container);
  const evidence = remainsText(remains);
  if (remains.outOfMemory)
    return new StackspecError("OUT_OF_MEMORY", `was killed for memory, exit code ${exitCode}`, {
      subject: name,
      hint: "raise its limit with withResourcesQuota(), or find out what it needs the memory for",
      evidence,
    });
  if (remains.removed) return removed(name, when, { evidence });
  return new StackspecError("CONTAINER_EXITED", `exited with code ${exitCode} ${when}${lastWords(remains.log)}`, {
    subject: name,
    hint: "its log says why",
    evidence,
  });
}

function removed(name: string, when: string, known: { evidence?: string; cause?: unknown }): StackspecError {
  const what = `was removed by somebody else ${when}`;
  return new StackspecError("CONTAINER_EXITED", what, { subject: name, hint: WHO_REMOVES, ...known });
}

/** The failure of a service that was ready, and exited while it was needed. */
export async function deathFailure(
  name: string,
  container: Dockerode.Container,
  exitCode: number,
): Promise<StackspecError> {
  const remains = await remainsOf(container);
  const evidence = remainsText(remains);
  if (remains.removed)
    return new StackspecError("SERVICE_DIED", "was ready, and was removed by somebody else", {
      subject: name,
      hint: `${WHO_REMOVES}; no spec after this can reach it`,
      evidence,
    });
  return new StackspecError(
    "SERVICE_DIED",
    `was ready and has exited since, with code ${exitCode}${remains.outOfMemory ? ", killed for memory" : ""}`,
    {
      subject: name,
      hint: "its log says why; no spec after this can reach it",
      evidence,
    },
  );
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
  if (IS_GONE.test(text)) return removed(name, "before it was ready", { cause });
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
