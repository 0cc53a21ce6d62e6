// Whoever imports a fixture writes `describe`, `it` and `expect(…).to.eventually` too.
/// <reference types="mocha" preserve="true" />
/// <reference types="chai-as-promised" preserve="true" />
import type { Resettable } from "../engine/reset/checkpoint.ts";
import type { Faults, ServiceName, VolumeName } from "../engine/faults/fault.ts";
import { imagesOf } from "../stack/define-stack.ts";
import type { RunningStack, StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError, usageError } from "../errors.ts";
import { httpClient } from "../http/client.ts";
import type { HttpClient } from "../http/client.ts";
import type { Exports, Stack, Started } from "../stack/stack.ts";
import { faultsForSpecs } from "./faults.ts";
import { engineMissing, requireEngine, whenStartFailed } from "./require-engine.ts";
import { run } from "./run.ts";
import { rootOf } from "./target.ts";
import type { TargetStack } from "./target.ts";

/**
 * What specs get of a stack: what it exports, the way back to where its tasks left it, and to states of their own, and its
 * faults, but for those whose names it exports something by.
 */
export type StackInUse<E extends Exports> = Started<E> &
  Resettable &
  Omit<Faults<ServiceName<E>, VolumeName<E>>, keyof E>;

/** How a suite uses a stack. */
export interface StackUse {
  /**
   * `"run"` shares one instance among all spec files; `"suite"` starts one for this suite and stops it afterwards.
   *
   * @default "run"
   */
  readonly scope?: "run" | "suite";
  /**
   * When its data is brought back to where the tasks left it. `"file"`: before the first spec of a file, when another file
   * has used it; `"test"`: besides before each `it`, and before the `beforeEach` hooks that are declared after this call;
   * `"none"`: not, the specs find what those before them have left.
   *
   * @default "file"
   */
  readonly reset?: "file" | "test" | "none";
}

const CHOICES = { scope: ["run", "suite"], reset: ["file", "test", "none"] } as const;

/**
 * The HTTP client of what the acceptance specs talk to: the stack that `STACK` names, or the `URL`. Call it inside
 * `describe`; use it in hooks and in `it`. The stack is started before the first spec that needs it and shared by all.
 */
export function useTarget(): HttpClient {
  let client: HttpClient | undefined;
  let running: StartedStack<TargetStack["exports"]> | undefined;
  before("the target is ready", async function () {
    this.timeout(0); // The stack's own deadline ends the wait, and says what it waited for.
    const target = await run.target(await engineMissing());
    if ("url" in target) {
      client = httpClient(rootOf(target.url));
      return;
    }
    running = await run.shareWithFile(target.stack, fileOf(this));
    client = running.values.target.http;
  });
  failWhenDead(() => running);
  return later(() => client, "the target");
}

/**
 * The values that a stack exports: started services, results of tasks, names of volumes. Call it
 * inside `describe`; use it in hooks and in `it`.
 *
 * @returns what the stack exports, `reset()`, which brings its data back to where the tasks left it, and `checkpoint()`,
 *   which notes what it holds now: `const point = await stack.checkpoint()`, `await point.restore()`; and the faults `cut`,
 *   `slow`, `pause`, `kill`, `restart`, `full` and `clock`: `const cut = await stack.cut("db")`, `await cut.heal()`
 * @throws StackspecError `USAGE` for an option that it does not have
 */
export function useStack<E extends Exports>(stack: Stack<E>, options: StackUse = {}): StackInUse<E> {
  checkStack("useStack", stack);
  checkUse(options, `useStack(${stack.name})`);
  if (imagesOf(stack).length > 0) requireEngine();
  const own = options.scope === "suite";
  const { reset = "file" } = options;
  let running: StartedStack<E> | undefined;
  before(`the stack ${stack.name} is ready`, async function () {
    this.timeout(0);
    const starting = own ? run.start(stack) : run.shareWithFile(stack, fileOf(this), reset !== "none");
    running = await starting.catch((failure: unknown) => whenStartFailed(this, failure));
  });
  failWhenDead(() => running);
  if (reset === "test")
    beforeEach(`the stack ${stack.name} is reset`, async function () {
      this.timeout(0);
      await running?.reset();
    });
  after(`the stack ${stack.name} is gone`, async function () {
    this.timeout(0);
    if (own) await running?.stop();
  });
  return later(
    () =>
      running && {
        ...faultsForSpecs(running),
        ...running.values,
        reset: running.reset,
        checkpoint: running.checkpoint,
      },
    `the stack ${stack.name}`,
  );
}

/**
 * Starts a stack of its own for whoever calls: `await stack.stop()` when done with it. What is not
 * stopped is stopped at the end of the run.
 *
 * @throws StackspecError saying which part failed and why
 */
export async function startStack<E extends Exports>(stack: Stack<E>): Promise<RunningStack<E>> {
  checkStack("startStack", stack);
  const running = await run.start(stack);
  // What else is known of it is the run's own, and may be another thing in the next version.
  const { name, id, values, images, reset, checkpoint, stop } = running;
  return { name, id, values, images, reset, checkpoint, stop, ...faultsForSpecs(running) };
}

function checkStack(subject: string, stack: unknown): void {
  if (!Array.isArray((stack as Partial<Stack> | undefined)?.nodes))
    throw usageError(subject, "expected a stack made by defineStack");
}

function checkUse(options: StackUse, subject: string): void {
  for (const [name, value] of Object.entries(options)) {
    const choices: readonly string[] | undefined = Object.hasOwn(CHOICES, name)
      ? CHOICES[name as keyof typeof CHOICES]
      : undefined;
    if (choices === undefined)
      throw usageError(subject, `expected options among ${Object.keys(CHOICES).join(", ")}, got "${name}"`);
    if (value !== undefined && !choices.includes(value as string))
      throw usageError(subject, `${name}: expected one of ${choices.join(", ")}, got "${value}"`);
  }
}

/** Once a service has died, every later spec of the suite says so at once. */
function failWhenDead(running: () => StartedStack | undefined): void {
  beforeEach("its services are alive", async () => {
    const death = await Promise.race([running()?.death, Promise.resolve()]);
    if (death !== undefined) throw death;
  });
}

function fileOf(hook: Mocha.Context): string | undefined {
  return hook.test?.parent?.file;
}

/** An object whose content comes with a hook: until then, every look at it says so. */
function later<T extends object>(value: () => T | undefined, what: string): T {
  const now = (): T => {
    const found = value();
    if (found !== undefined) return found;
    throw new StackspecError("USAGE", "it is there in it() and in hooks, not while files are loaded", {
      subject: what,
    });
  };
  return new Proxy({} as T, {
    get: (_, key) => Reflect.get(now(), key) as unknown,
    has: (_, key) => Reflect.has(now(), key),
    ownKeys: () => Reflect.ownKeys(now()),
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(now(), key);
      return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
    },
  });
}
