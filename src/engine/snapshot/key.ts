import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { GenericContainer } from "testcontainers";
import { StackspecError, messageOf } from "../../errors.ts";
import { digestOf, digestOfContent } from "../../images/digest.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import type { Node, Service, Stack } from "../../stack/stack.ts";
import { Unknowable, declarationOf } from "../container/declaration.ts";
import { bindsOf, imageReferenceOf, isContainer, sourcesOf } from "../container/internals.ts";
import { driverOf } from "../drivers/choose.ts";
import { dataOf } from "../drivers/data.ts";
import { hasData, holdersOf, keptNodes, neededBy } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { withoutPasswords } from "./passwords.ts";

/** Raised when what a snapshot holds, the baselines of drivers too, or how it is taken changes: older ones are then not found. */
// Stryker disable next-line StringLiteral: any other text would do as well
const FORMAT = "7";

/** How much of this machine a container may mount, or name, and still have a snapshot: all of it is read at each start. */
const MOST_READ = { entries: 10_000, bytes: 1024 ** 3 };

/** A digest of all that something comes from, or, where that cannot be known before it runs, the reason: one sentence. */
export type Key = { readonly key: string; readonly reason?: never } | { readonly key?: never; readonly reason: string };

/** What a key needs to know of the run. */
export interface KeyContext {
  /** The image that a part declares. */
  readonly imageOf: (node: Node) => Promise<ResolvedImage | undefined>;
  /** The engine runs on this machine: what it mounts can be read here. */
  readonly local: () => Promise<boolean>;
}

/**
 * The key of a stack's snapshot: of everything that goes into its tasks, and what they need, before they have run, and of
 * the images that hold what they leave. Undefined when nothing of the stack is worth keeping.
 */
export async function snapshotKey(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  context: KeyContext,
): Promise<Key | undefined> {
  const kept = keptNodes(stack, made);
  const holders = holdersOf(stack, made);
  if (kept.length === 0) return undefined;
  const nobody =
    "of no service is the data directory known (the option `data` names it), and none mounts a volume that a task writes";
  if (holders.length === 0) return { reason: nobody };
  return keyOfNodes(kept, made, context, { holders, onAnyMachine: true });
}

/**
 * A layer for each server that tasks are run on, as its image has initialised it: an edit of what the tasks do does not
 * change it.
 */
export async function serverLayers(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  context: KeyContext,
): Promise<Layer[]> {
  const tasks = stack.nodes.filter((node) => node.kind === "task");
  // Without tasks it is the stack's own layer.
  const services = tasks.length === 0 ? [] : stack.nodes.filter((node) => node.kind === "service");
  const layers = services
    .filter((service) => hasData(service, made))
    .map(async (server) => {
      const needed = neededBy([server], stack);
      const { key } = await keyOfNodes(needed, made, context, { onAnyMachine: true });
      return key === undefined ? [] : [{ key, server, holders: [server], tasks: [] }];
    });
  return (await Promise.all(layers)).flat();
}

/**
 * A digest of everything that the containers of `nodes` come from: images, what they are told, the content of what they
 * copy and mount, who waits for whom; of `holders` where they mount volumes, and the image of those with data. The same for the
 * same content wherever it lies; `onAnyMachine` also with other passwords, where those are set anew.
 *
 * It cannot be known for work in this process, a container made from another's started value, a class of no package's with
 * a start of its own, an image that was not declared, a stream or an archive to copy; nor for mounts of sockets, devices,
 * volumes of somebody else, other machines' folders, and of more than 1 GiB or 10,000 files.
 *
 * @throws StackspecError `FILE_MISSING` for what is copied or mounted and does not exist
 */
export async function keyOfNodes(
  nodes: readonly Node[],
  made: ReadonlyMap<Node, unknown>,
  context: KeyContext,
  { holders = [], onAnyMachine = false }: { holders?: readonly Service[]; onAnyMachine?: boolean } = {},
): Promise<Key> {
  try {
    const texts = await Promise.all([
      ...nodes.map((node) => nameReason(node, ingredientsOf(node, made, context))),
      ...holders.map(async (node) => {
        const image = await nameReason(node, declaredImage(node, containerOf(node, made), context));
        // What is in a volume can be put into another image.
        return [node.name, hasData(node, made) && image, mountsOf(node)];
      }),
    ]);
    const portable = withoutPasswords(onAnyMachine ? nodes : [], made);
    return { key: await digestOf([FORMAT, ...texts.map((text) => portable(JSON.stringify(text)))], []) };
  } catch (error) {
    if (error instanceof Unknowable) return { reason: error.message };
    throw error;
  }
}

/** Says of which part it is that something cannot be known. */
async function nameReason<T>({ name }: Node, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof Unknowable ? new Unknowable(`${name} ${error.message}`) : error;
  });
}

async function ingredientsOf(node: Node, made: ReadonlyMap<Node, unknown>, context: KeyContext): Promise<unknown> {
  const container = containerOf(node, made);
  const { after = [], networks = [], sandbox } = node.options;
  const inputs = node.kind === "task" ? node.options.inputs : undefined;
  const { told, texts } = declarationOf(container);
  return [
    node.kind,
    node.name,
    inputs === undefined
      ? await imageOf(node, container, context)
      : await Promise.all(inputs.map((path) => contentOf(path, node, "comes from"))),
    after.map((dependency) => [dependency.kind, nodeOf(dependency).name]),
    mountsOf(node),
    networks.map(({ name }) => name),
    sandbox,
    // Stryker disable next-line ConditionalExpression: a task has no such option, and its class is among what it was told
    node.kind === "service"
      ? [dataOf(node, container), typeof node.options.reset, driverOf(node, container)?.title]
      : undefined,
    told,
    await Promise.all(sourcesOf(container).copied.map((path) => contentOf(path, node, "copies"))),
    await Promise.all(bindsOf(container).map((bind) => mountedBy(node, bind, context))),
    await Promise.all(texts.map(async (text) => (await isSource(text)) && contentOf(text, node, "names", MOST_READ))),
  ];
}

function containerOf(node: Node, made: ReadonlyMap<Node, unknown>): GenericContainer {
  const container = made.get(node);
  if (isContainer(container)) return container;
  if (node.kind === "service" && node.options.external !== undefined)
    throw new Unknowable("is external: what it holds is not this stack's");
  throw new Unknowable(made.has(node) ? "runs in this process" : "is made from another's started value");
}

function mountsOf({ options: { mounts = [] } }: Node): unknown[] {
  return mounts.map(({ volume, path, mode }) => [volume.name, path, mode]);
}

/** The name of an image says little: another one may get it. */
async function imageOf(node: Node, container: GenericContainer, context: KeyContext): Promise<unknown> {
  const reference = imageReferenceOf(container);
  return reference.includes("@sha256:") ? reference : declaredImage(node, container, context);
}

/** The name of an image that is built here is a digest of all that it is built from, so that it is the same on each machine. */
function namesItself({ options: { image } }: Node, { origin }: ResolvedImage): boolean {
  return origin === "debian" || (typeof image === "object" && !image.network);
}

/** The image that the factory is given: in its place it is given the snapshot's. */
async function declaredImage(node: Node, container: GenericContainer, context: KeyContext): Promise<string[]> {
  const reference = imageReferenceOf(container);
  const declared = await context.imageOf(node);
  if (declared?.reference === reference)
    return namesItself(node, declared) ? [reference] : [reference, declared.digest];
  throw new Unknowable(`runs ${reference}, which its option \`image\` does not name: it may be another one each time`);
}

async function mountedBy(
  node: Node,
  { source, target, mode }: { source: string; target: string; mode: string },
  { local }: KeyContext,
): Promise<string[]> {
  if (!isAbsolute(source)) throw new Unknowable(`mounts ${source}, a volume whose content only the engine knows`);
  if (!(await local())) throw new Unknowable(`mounts ${source} of the engine's machine, which is not this one`);
  return [target, mode, await contentOf(source, node, "mounts", MOST_READ)];
}

async function contentOf(path: string, { name }: Node, verb: string, limit?: typeof MOST_READ): Promise<string> {
  return digestOfContent(path, limit).catch((cause: unknown) => {
    if (!(cause instanceof StackspecError)) throw new Unknowable(`${verb} ${path}: ${messageOf(cause)}`);
    throw new StackspecError(cause.code, `${verb} ${path}, which does not exist`, {
      subject: name,
      hint: "check the path in its declaration",
      cause,
    });
  });
}

/** What a module is told to copy when it starts is, until then, a text like any other: "test" is a user, "./test" a folder. */
async function isSource(text: string): Promise<boolean> {
  const found = await stat(text).catch(() => undefined);
  return found?.isFile() === true || (found?.isDirectory() === true && text !== "/" && /[/\\]/.test(text));
}
