import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { StackspecError } from "../../errors.ts";
import { imageResolver } from "../../images/resolve.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import { imagesOf } from "../../stack/define-stack.ts";
import type { ImageSource } from "../../stack/image.ts";
import { chooseProfiles } from "../../stack/profiles.ts";
import type { Exports, Stack } from "../../stack/stack.ts";
import { RUN_LABEL, settleAll } from "../docker/labels.ts";
import { whileAlone } from "../docker/lock.ts";
import { claimLogFolder } from "./log-folder.ts";
import type { LogFolder } from "./log-folder.ts";
import { guardRun } from "./guard-run.ts";
import { memoryOfRun } from "../memory/memory.ts";
import type { OnProgress } from "../plan/progress.ts";
import { removeAll } from "../cleanup/remove-all.ts";
import { NONE_WANTED, connectEngine, missingEngine } from "../docker/connect.ts";
import type { Runtime } from "../docker/connect.ts";
import type { StackContext } from "../plan/stack-context.ts";
import { keepSnapshot } from "./take-snapshot.ts";
import { startInRun } from "./start.ts";
import type { StartedStack } from "./started-stack.ts";
import { startWatchdog } from "../cleanup/watchdog.ts";

type Ways = Pick<StackContext, "keep" | "joins" | "asItIs" | "state">;

/** One run: the owner of every stack that is started in it. */
export interface Session {
  readonly runId: string;
  /** Aborts when the run ends: its reason is that of `cancel`, if that ended it. */
  readonly signal: AbortSignal;
  /** Connects to the engine, with the run's watchdog posted before there is anything to leave. */
  connect(): Promise<Runtime>;
  readonly resolveImage: (source: ImageSource) => Promise<ResolvedImage>;
  /**
   * Starts a stack; with `keep` it stays up, with `joins` it is up already, or part of it is; with `once` nothing is copied
   * for a snapshot; with `asItIs` the data of what is up already is not brought back; `state` is what it is started in.
   */
  start<E extends Exports>(stack: Stack<E>, options?: Ways & { once?: boolean }): Promise<StartedStack<E>>;
  /**
   * Writes the snapshot of a stack that was started and had none, while it runs, and says so or why there is none, in one
   * line; once in a run. Resolves with whether there is one.
   *
   * @param waitMs how long to wait for another run that is making it @default 0
   */
  keepSnapshot(stack: Stack, say: (line: string) => void, waitMs?: number): Promise<boolean>;
  /** Posts the run's guards, for what other processes start in it. */
  share(): Promise<void>;
  /** The stacks that run now. */
  readonly running: ReadonlySet<StartedStack>;
  /** Images that this run has resolved so far. */
  readonly images: readonly ResolvedImage[];
  /** Ends what is on its way, for this reason. Nothing is removed before `close`. */
  cancel(reason: Error): void;
  /** Cancels what is starting, stops what runs, and removes all that carries the run's label. A second call waits for the first. */
  close(): Promise<void>;
}

/** Opens a run. Nothing touches the engine before the first stack with containers starts. */
export function openSession(config: Config, onProgress: OnProgress = () => {}): Session {
  const { worker } = config;
  const suffix = worker === undefined ? "" : `-worker-${worker.number}`;
  const runId = worker?.run.id ?? randomBytes(4).toString("hex");
  const ending = new AbortController();
  const stacks = new Set<Promise<StartedStack>>();
  const running = new Set<StartedStack>();
  const images: ResolvedImage[] = [];
  const instances = new Map<string, number>();
  const logFolders: LogFolder[] = [];
  const releaseLogs = (): void => logFolders.splice(0).forEach((each) => each.release());
  const chosenOf = chooseProfiles(config.profiles);
  /** Stacks whose snapshot this run has tried to make: a second time would not go better. */
  const tried = new Map<Stack, Promise<boolean>>();
  let dismissWatchdog: (() => void) | undefined;
  let connected: Promise<Runtime> | undefined;
  let closed: Promise<void> | undefined;
  /** Rejects with the first failure to stop a stack. */
  let stopping = Promise.resolve();

  // Who removes what a killed run leaves is there before there is anything to leave.
  const connect = async (): Promise<Runtime> => {
    if (config.engine === "none") throw missingEngine(NONE_WANTED);
    if (worker === undefined) dismissWatchdog ??= startWatchdog(runId);
    return (connected = connectEngine());
  };
  const resolveImage = imageResolver({
    config,
    docker: async () => (await connect()).docker,
    signal: ending.signal,
    exclusively: (name, work, onWait) => whileAlone(name, ending.signal, work, onWait),
    onDetail: (name, state, detail) => onProgress({ kind: "image", name, state, detail }),
    onResolved: (image, tookMs) => {
      images.push(image);
      onProgress({ kind: "image-resolved", image, tookMs });
    },
  });
  const guarding = guardRun({ runId, config, connect, resolveImage, signal: ending.signal, onProgress });
  const sayNotice = (text: string): void => onProgress({ kind: "notice", text });
  const memory = memoryOfRun({ runId, waitMs: config.memoryWaitMs, connect, say: sayNotice });

  const context: StackContext = {
    runId,
    startTimeoutMs: config.startTimeoutMs,
    publishAddress: config.publishAddress,
    toldOpen: new WeakSet(),
    connect: guarding.connect,
    resolveImage,
    faultImage: config.faultImage,
    onProgress,
    logFolder: join(config.folders.reports, "logs"),
    nameOf(stack) {
      const { name } = stack;
      const count = (instances.get(name) ?? 0) + 1;
      instances.set(name, count);
      const logs = `${name}${suffix}${count === 1 ? "" : `-${count}`}`;
      const id = `stackspec-${name}${suffix}-${runId}-${count}`;
      const folder = claimLogFolder(context.logFolder, logs, runId);
      // A parallel worker does not close its session.
      if (logFolders.push(folder) === 1) process.once("exit", releaseLogs);
      return { id, logs: folder.name };
    },
    signal: ending.signal,
    onStopped(id) {
      for (const stack of running) if (stack.id === id) running.delete(stack);
      memory.release(id);
    },
    snapshots: { read: !config.snapshots.off, write: !config.snapshots.off },
    savesState: config.onFailure.saves,
  };

  async function close(): Promise<void> {
    ending.abort(new StackspecError("CANCELLED", "the run is ending", { subject: "stackspec" }));
    await Promise.allSettled(stacks);
    stopping = settleAll([...running].map((stack) => stack.stop()));
    // That is the end's to tell, and keeps nobody from what comes next.
    await stopping.catch(() => {});
    releaseLogs();
    process.off("exit", releaseLogs);
    const runtime = await connected?.catch(() => undefined);
    // What is left of a worker goes with the run.
    if (runtime !== undefined && worker === undefined) {
      // What cannot be removed is left to the reaper, once this process is gone.
      await removeAll(runtime, `${RUN_LABEL}=${runId}`);
      await guarding.dismiss();
    }
    // Not before everything is gone: a release that failed is the watchdog's to repeat.
    dismissWatchdog?.();
    await stopping;
  }

  return {
    runId,
    signal: ending.signal,
    connect,
    resolveImage,
    cancel: (reason) => ending.abort(reason),
    images,
    running,
    keepSnapshot(stack, say, waitMs = 0) {
      const started = [...running].find(({ name }) => name === stack.name);
      if (started?.snapshot?.restored !== false || config.snapshots.off || ending.signal.aborted)
        return Promise.resolve(started?.snapshot?.restored === true);
      const quiet = { ...context, onProgress: () => {} };
      const keeping = tried.get(stack) ?? keepSnapshot(chosenOf(stack), started, quiet, config.snapshots, say, waitMs);
      tried.set(stack, keeping);
      return keeping;
    },
    async share() {
      await guarding.connect();
    },
    async start(stack, { once = false, ...ways } = {}) {
      const { keep = false, joins, state } = ways;
      const { read, write } = context.snapshots;
      const snapshots = {
        read: read || state !== undefined,
        write: write && !once && joins === undefined && state === undefined,
      };
      const chosen = chosenOf(stack);
      const share = memory.share(chosen.name, imagesOf(chosen).length);
      // What is up already takes no more.
      const waitForMemory = keep || joins !== undefined ? async () => {} : share.wait;
      const starting = startInRun(chosen, { ...context, snapshots, ...ways, waitForMemory });
      stacks.add(starting);
      starting.then(
        (started) => {
          running.add(started);
          share.setUp(started.id);
        },
        () => {
          stacks.delete(starting);
          share.release();
        },
      );
      return starting;
    },
    close: () => (closed ??= close()),
  };
}
