import { resolve } from "node:path";
import { readConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { tellWorkers } from "../config/inner-runs.ts";
import type { OnProgress } from "../engine/plan/progress.ts";
import { openSession } from "../engine/run/session.ts";
import type { Session } from "../engine/run/session.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import type { StackspecError } from "../errors.ts";
import type { Exports, Stack } from "../stack/stack.ts";
import { say } from "../terminal.ts";
import { chooseSpecs } from "./choice.ts";
import { startClock } from "./clock.ts";
import { FailedState } from "./failed-state.ts";
import { recordEvidence } from "./record-evidence.ts";
import type { Results } from "./results.ts";
import { sayNotices } from "./notices.ts";
import { propertiesOf } from "./properties.ts";
import { watchStrays } from "./strays.ts";
import { recordTimeline } from "./timeline.ts";
import { chooseTarget, withHost } from "./target.ts";
import type { Target } from "./target.ts";
import { untimedIn } from "./timeout.ts";
import { noticesOf, waysOf } from "./ways.ts";

/** How long parallel workers wait for another run to make the snapshot that they start from, in milliseconds. */
const SNAPSHOT_WITHIN_MS = 60_000;

/** The run that a process is: its settings, its session, the stacks that its spec files share, and what its report says. */
export class MochaRun {
  clock = startClock();
  /** The stacks that run now. */
  readonly running = () => [...(this.#session?.running ?? [])];
  // Jenkins takes absolute paths, GitLab relative ones.
  readonly evidence = recordEvidence(
    this.running,
    (file) => (this.config.jenkins ? resolve(file) : file),
    () => this.strays.current,
  );
  /** What nobody waited for. */
  readonly strays = watchStrays((thrown) => this.evidence.attachLater(thrown));
  readonly untimed = untimedIn(this.strays);
  /** What happens beside the specs, for the report. */
  readonly timeline = recordTimeline(() => this.results?.soon());
  /** Hears of the progress of stacks and images. Without a view of that, notices alone are shown. */
  onProgress: OnProgress = sayNotices;
  readonly choice = chooseSpecs(() => this.config.selection);
  /** Its results as data, as soon as they are stored. */
  results: Results | undefined;
  /** It has ended well, with a whole report; undefined where nobody has to know. */
  isGreen: boolean | undefined;
  /** Is told why the run ends before its first spec. */
  onAbort: (why: string) => Promise<void> = async () => {};
  /** It ends in good order when its process is told to end. */
  endsOnSignals = false;
  /** It ends also when a spec keeps its process busy; resolves when it does. */
  endsWhenBusy: Promise<void> | undefined;
  /** What the attempt to have an engine ended with, when there is none; and the start of the target, when it failed. */
  engineError: StackspecError | undefined;
  startFailure: unknown;
  /** Why specs are pending for want of an engine; undefined while none is. */
  engineMissing: string | undefined;
  /** What else is closed when the run ends, in whichever way it can. */
  readonly alsoCloses: (() => Promise<void>)[] = [];

  readonly failedState = new FailedState(() => this.config, this.running);
  #config: Config | undefined;
  #session: Session | undefined;
  #target: Promise<Target> | undefined;
  readonly #shared = new Map<Stack, Promise<StartedStack>>();
  /** The spec file that used a shared stack last. */
  readonly #usedBy = new WeakMap<StartedStack, string | undefined>();
  readonly #stackNames = new Set<string>();
  readonly #saidOfSnapshots: string[] = [];
  /** Parallel workers need them, also those that another run is writing. */
  #waitsForSnapshots = false;

  /** The settings: those that the command hands in, else those of the environment, read when they are first asked for. */
  get config(): Config {
    return (this.#config ??= readConfig());
  }

  set config(given: Config) {
    this.#config = given;
  }

  /** The session, opened when something is first started in it. */
  #open(): Session {
    this.clock.beginStack();
    const { evidence, timeline } = this;
    return (this.#session ??= openSession(this.config, (e) => this.onProgress(evidence.hear(timeline.hear(e)))));
  }

  /** Starts a stack of its own for whoever calls. What is not stopped is stopped at the end of the run. */
  start<E extends Exports>(stack: Stack<E>): Promise<StartedStack<E>> {
    return this.evidence.watchStart(stack.name, this.#open().start(stack, { once: true }));
  }

  /** The one instance of a stack that all spec files share: started by the first that asks. */
  share<E extends Exports>(stack: Stack<E>): Promise<StartedStack<E>> {
    const known = this.#shared.get(stack) as Promise<StartedStack<E>> | undefined;
    if (known !== undefined) return known;
    const isFirst = !this.#stackNames.has(stack.name);
    const running = this.evidence.watchStart(stack.name, this.#open().start(stack, waysOf(stack, this.config)));
    running.then(
      (started) => {
        this.failedState.add(started);
        const notices = noticesOf(started, this.config, this.choice.isWorker && isFirst);
        for (const text of notices) this.onProgress({ kind: "notice", text });
        void this.#keepSnapshot(stack);
      },
      () => {},
    );
    this.#shared.set(stack, running);
    this.#stackNames.add(stack.name);
    return running;
  }

  /** The same, for a spec file. With `reset` it does not see what the file before has stored. */
  async shareWithFile<E extends Exports>(stack: Stack<E>, file?: string, reset = true): Promise<StartedStack<E>> {
    const running = await this.share(stack);
    const last = this.#usedBy.get(running);
    this.#usedBy.set(running, file);
    if (reset && last !== undefined && last !== file) await running.reset();
    return running;
  }

  /**
   * Makes mocha's parallel workers part of this run: it removes what they start, and the first of them has the stack
   * that is up here. The others start theirs from its snapshot, which is written first if there is none.
   */
  async shareWithWorkers(workers: number, stack?: Stack): Promise<void> {
    const open = this.#open();
    this.#waitsForSnapshots = true;
    const running = stack && (await this.share(stack));
    const isKept = stack !== undefined && (await this.#keepSnapshot(stack));
    // What lives in this process is of no use to another, and what lives in no container needs no engine.
    const isEngineFree = running?.logs.size === 0;
    if (running?.inContainers === false) await running.stop();
    if (isEngineFree) return;
    await open.share();
    const up = running?.inContainers === true ? running : undefined;
    const key = isKept ? up?.snapshot?.key : undefined;
    if (key !== undefined) await up?.createWorkerDatabases(workers);
    const shares = up === undefined ? {} : { stack: { name: up.name, id: up.id, workers, ...(key && { key }) } };
    tellWorkers({ id: open.runId, reports: this.config.folders.reports, ...shares });
  }

  /** What acceptance specs talk to: decided once, by the command or by the first spec. */
  target(missing?: string | StackspecError, tell: (line: string) => void = () => {}): Promise<Target> {
    return (this.#target ??= chooseTarget(this.config, missing, tell).then(withHost));
  }

  /**
   * The specs are done: waits for the snapshots that are written meanwhile, for the next run, then closes this one. A parallel
   * worker is told so after each spec file, and ends without a word after its last: it keeps what is in containers,
   * which go with the run, and stops what lives in its process.
   */
  async finish(): Promise<void> {
    if (this.config.worker !== undefined) return this.#stopObjects();
    for (const stack of this.#shared.keys()) await this.#keepSnapshot(stack);
    for (const line of this.#saidOfSnapshots.splice(0)) say(line);
    (await this.failedState.tell()).forEach(say);
    await this.close();
    await this.failedState.release();
  }

  async #stopObjects(): Promise<void> {
    for (const [stack, starting] of this.#shared) {
      const running = await starting.catch(() => undefined);
      if (running?.inContainers === false && this.#shared.delete(stack)) await running.stop();
    }
  }

  /** Writes a snapshot that is missing, once, while specs run; what is said of it comes after them. */
  async #keepSnapshot(stack: Stack): Promise<boolean> {
    const tell = (line: string): void => void this.#saidOfSnapshots.push(line);
    await this.#shared.get(stack)?.catch(() => undefined);
    return (await this.#session?.keepSnapshot(stack, tell, this.#waitsForSnapshots ? SNAPSHOT_WITHIN_MS : 0)) ?? false;
  }

  /**
   * Stops all stacks and removes everything of this run from the engine. What starts afterwards is a new run.
   *
   * @throws StackspecError `RELEASE_FAILED` naming what is left
   */
  async close(): Promise<void> {
    await Promise.allSettled(this.alsoCloses.splice(0).map((release) => release()));
    const closing = this.#session;
    await closing?.close();
    if (this.#session !== closing) return;
    this.#session = undefined;
    this.#shared.clear();
  }

  /** What the report says of the run: the stacks it started and the images it used. */
  properties(): Record<string, string> {
    return propertiesOf(this.config.url, this.#stackNames, this.timeline.images, this.choice.selection.seed);
  }
}
