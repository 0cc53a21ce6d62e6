import { readConfig, tellWorkers } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import type { Joining } from "../engine/run/stack-context.ts";
import { openSession } from "../engine/run/session.ts";
import type { Session } from "../engine/run/session.ts";
import { messageOf } from "../errors.ts";
import type { ResolvedImage } from "../images/resolve.ts";
import type { OnProgress } from "../engine/run/progress.ts";
import { imagesOf } from "../engine/run/start.ts";
import type { RunningStack, StartedStack } from "../engine/run/start.ts";
import type { Exports, Stack } from "../stack/stack.ts";

/** The run that this process is: its settings, its session, and the stacks that its spec files share. */
let config: Config | undefined;
let session: Session | undefined;
let onProgress: OnProgress = () => {};
const shared = new Map<Stack, Promise<StartedStack>>();
/** What the report says of sessions that are closed. */
const images: ResolvedImage[] = [];
const stackNames = new Set<string>();

/** The settings of this run. */
export function runConfig(): Config {
  config ??= readConfig();
  return config;
}

/** Hands in the settings of this run, which are read from the environment otherwise. */
export function configureRun(given: Config): void {
  config = given;
}

/** The session of this run, opened when it is first asked for. */
function runSession(): Session {
  session ??= openSession(runConfig(), (event) => onProgress(event));
  return session;
}

/** Sends the progress of stacks and images to `listener`. */
export function reportProgress(listener: OnProgress): void {
  onProgress = listener;
}

/**
 * Starts a stack of its own for whoever calls: `await stack.stop()` when done with it. What is not
 * stopped is stopped at the end of the run.
 *
 * @throws StackspecError saying which part failed and why
 */
export function startStack<E extends Exports>(stack: Stack<E>): Promise<RunningStack<E>> {
  return ownStack(stack);
}

/** The same, with what the fixtures need of it. */
export function ownStack<E extends Exports>(stack: Stack<E>): Promise<StartedStack<E>> {
  return runSession().start(stack);
}

/** The one instance of a stack that all spec files of this process share: started by the first that asks. */
export function sharedStack<E extends Exports>(stack: Stack<E>): Promise<StartedStack<E>> {
  const running =
    (shared.get(stack) as Promise<StartedStack<E>> | undefined) ?? runSession().start(stack, waysOf(stack));
  running.catch(() => {});
  shared.set(stack, running);
  stackNames.add(stack.name);
  return running;
}

/** Whether the shared instance stays up, or is up already, for parallel workers to join. */
function waysOf({ name }: Stack): { keep: boolean; joins?: Joining } {
  const { keep, worker } = runConfig();
  if (worker === undefined) return { keep };
  const { number, run } = worker;
  // A worker beyond those that the run began with takes the place of one that crashed.
  if (run.stack?.name !== name || number >= run.stack.workers) return { keep: false };
  return { keep: false, joins: { id: run.stack.id, key: run.stack.key, worker: number } };
}

/**
 * Makes mocha's parallel workers part of this run: it removes what they start, and the first of them has the stack
 * that is up here. The others start theirs from its snapshot, which is made now if there is none.
 */
export async function shareRun(workers: number, stack?: Stack): Promise<void> {
  // What needs no engine is each worker's own.
  if (stack !== undefined && imagesOf(stack).length === 0) return;
  const open = runSession();
  await open.share();
  let running = stack && (await sharedStack(stack));
  if (stack !== undefined && (await keepSnapshot(stack))) {
    shared.delete(stack);
    running = await sharedStack(stack);
  }
  // What lives in this process is of no use to another.
  if (running?.inContainers === false) await running.stop();
  const up = running?.inContainers === true ? running : undefined;
  const key = up?.snapshot?.restored === true ? up.snapshot.key : undefined;
  if (key !== undefined) await up?.createWorkerDatabases(workers);
  const shares = up === undefined ? {} : { stack: { name: up.name, id: up.id, workers, ...(key && { key }) } };
  tellWorkers({ id: open.runId, ...shares });
}

/** Why there is no engine, for specs that are pending because of that; undefined while none is. */
let engineMissing: string | undefined;

/** Notes that specs are pending because there is no engine, or tells why they are. */
export function missingEngine(reason?: string): string | undefined {
  engineMissing ??= reason;
  return engineMissing;
}

/** The stacks that run now. */
export function runningStacks(): StartedStack[] {
  return [...(session?.running ?? [])];
}

/**
 * The specs of this process are done: makes the snapshots that are missing, for the next run, then closes this one.
 * A parallel worker is told so after each spec file, and ends without a word after its last: it keeps what is in
 * containers, which go with the run, and stops what lives in this process.
 */
export async function finishRun(): Promise<void> {
  if (runConfig().worker !== undefined) return stopObjects();
  for (const stack of shared.keys()) await keepSnapshot(stack);
  await closeRun();
}

async function stopObjects(): Promise<void> {
  for (const [stack, starting] of shared) {
    const running = await starting.catch(() => undefined);
    if (running?.inContainers !== false) continue;
    shared.delete(stack);
    await running.stop();
  }
}

/** Makes a snapshot that is missing. True when the stack was stopped for it. */
async function keepSnapshot(stack: Stack): Promise<boolean> {
  try {
    const tell = (): void =>
      console.log(`Keeping a snapshot of the stack ${stack.name}, which the next start restores`);
    return (await session?.keepSnapshot(stack, tell)) ?? false;
  } catch (error) {
    // The specs do not need it; the next start only takes longer.
    console.error(`No snapshot of ${stack.name} is kept: ${messageOf(error)}`);
    return true;
  }
}

/**
 * Stops all stacks of this run and removes everything of it from the engine. What starts afterwards
 * is a new run.
 *
 * @throws StackspecError `RELEASE_FAILED` naming what is left
 */
export async function closeRun(): Promise<void> {
  const closing = session;
  await closing?.close();
  if (session !== closing) return;
  images.push(...(closing?.images ?? []));
  session = undefined;
  shared.clear();
}

/** What the report says of the run: the stacks it started and the images it used. */
export function runProperties(): Record<string, string> {
  const used = [...images, ...(session?.images ?? [])];
  const stacks = [...stackNames].join(", ");
  return {
    ...(runConfig().url === undefined ? {} : { url: runConfig().url! }),
    ...(stacks === "" ? {} : { stack: stacks }),
    ...Object.fromEntries(
      used.map(({ name, reference, digest, origin }) => [`image.${name}`, `${reference} ${digest} (${origin})`]),
    ),
    "version.node": process.versions.node,
  };
}
