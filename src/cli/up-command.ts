import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { readConfig } from "../config/config.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import { ensureEngine } from "../engine/docker/install.ts";
import { forgetNode } from "../engine/kept/kept-note.ts";
import type { KeptStack } from "../engine/kept/kept-stacks.ts";
import { isReusableStack, lockStack } from "../engine/kept/reusable-stack.ts";
import { openSession } from "../engine/run/session.ts";
import { StackspecError, usageError } from "../errors.ts";
import { endingLine, onEndSignals } from "../signals.ts";
import { loadAnyStack, stackNames } from "../mocha/target.ts";
import type { Stack } from "../stack/stack.ts";
import { complain, say } from "../terminal.ts";
import { chooseKept, serviceOf } from "./choose-kept.ts";
import { AS_FAILED } from "./command.ts";
import type { Given } from "./command.ts";
import { loadState } from "./load-state.ts";
import type { State } from "./load-state.ts";
import { progressView } from "./progress-view.ts";

/** `stackspec up`. */
export async function up({ words: [name], flags }: Given): Promise<void> {
  const config = readConfig();
  if (flags.has(AS_FAILED)) {
    const state = await loadState(config, name);
    const stack = await declared(state.stack, "up").catch(async (error: unknown) => {
      await state.drop();
      throw error;
    });
    return startKept(stack, "up", {}, state);
  }
  const stack = await loadAnyStack(name ?? config.stack ?? config.defaultStack, config);
  await startKept(stack, "up", { asItIs: true });
}

/** `stackspec reset`. */
export async function reset({ words: [name] }: Given): Promise<number | void> {
  const stack = await chooseKept(await connectEngine(), "reset", name);
  if (!stack.isHere) return inItsProject(stack, ["reset", stack.name]);
  await startKept(await declared(stack.name, "reset"), "reset", { asItIs: false });
}

/** `stackspec restart`. */
export async function restart({ words: [name = ""], values }: Given): Promise<number | void> {
  const stack = await chooseKept(await connectEngine(), "restart", values.get("stack"));
  const service = serviceOf(stack, "restart", name);
  if (!stack.isHere) return inItsProject(stack, ["restart", "--stack", stack.name, name]);
  const declaration = await declared(stack.name, "restart");
  const unlock = lockStack(stack.id);
  if (unlock === undefined) throw inUse("restart", stack);
  try {
    if (service.inMemory === true) {
      say(`${name} has its data in memory: it is started anew, and what comes after it`);
      await forgetNode(stack.id, name);
    } else {
      const { docker } = await connectEngine();
      await docker.getContainer(service.container).restart();
    }
  } finally {
    unlock();
  }
  await startKept(declaration, "restart", { asItIs: true });
}

const inUse = (command: string, { name }: Pick<KeptStack, "name">): StackspecError =>
  usageError(`stackspec ${command}`, `expected a stack that no run uses, got ${name}, which one uses now`);

/** The declaration of a stack of this name, whatever its file is called. */
async function declared(name: string, command: string): Promise<Stack> {
  const config = readConfig();
  const files = await stackNames(config);
  for (const file of files.toSorted((a, b) => Number(b === name) - Number(a === name))) {
    const stack = await loadAnyStack(file, config);
    if (stack.name === name) return stack;
  }
  throw usageError(`stackspec ${command}`, `expected a stack declared in ${config.folders.stacks}/, got ${name}`);
}

/** Starts what of a stack is not up, and leaves all of it up; in a state, all of it anew. */
async function startKept(stack: Stack, command: string, ways: { asItIs?: boolean }, state?: State): Promise<void> {
  const config = readConfig();
  const engine = await ensureEngine(config, say);
  if ("missing" in engine)
    throw engine.error ?? new StackspecError("ENGINE_UNREACHABLE", engine.missing, { subject: "engine" });
  say(`Starting the stack ${stack.name}`);
  const view = progressView(process.stdout);
  const session = openSession(config, (event) => {
    view.onProgress(event);
    // It would be gone with this process.
    if (event.kind === "notice" && event.text.startsWith(`${stack.name} does not stay up: `))
      session.cancel(usageError(`stackspec ${command}`, event.text));
  });
  const close = async (): Promise<void> => {
    await session.close();
    await state?.drop();
  };
  onEndSignals((signal, exitCode) => {
    complain(endingLine(signal));
    void close().finally(() => process.exit(exitCode));
  });
  try {
    const started = await session.start(stack, { keep: true, ...ways, state: state?.key });
    if (!isReusableStack(started.id))
      throw usageError(`stackspec ${command}`, `expected a stack with containers, got ${stack.name}, which has none`);
    view.close();
    await session.keepSnapshot(stack, say);
    for (const line of await started.tellKept(state && "in the state in which a spec has failed")) say(line);
  } finally {
    view.close();
    await close();
  }
  // The logs of what stays up have no end.
  process.exit(0);
}

/** Does it in the project that the stack is of, by its own stackspec. @returns the exit code */
async function inItsProject({ name, folder, elsewhere }: KeptStack, words: readonly string[]): Promise<number> {
  if (folder === undefined)
    throw usageError(
      name,
      `expected a stack of this user's, got one of ${elsewhere ?? "another user"}: it is declared there`,
    );
  const child = spawn(process.execPath, [...process.execArgv, programIn(folder), ...words], {
    cwd: folder,
    stdio: "inherit",
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  return exitCode ?? 1;
}

/** The command that a project has installed, or is. */
function programIn(folder: string): string {
  const own = findPackageJSON("stackspec", import.meta.url);
  const its = findPackageJSON("stackspec", join(folder, "package.json"));
  if (its === undefined || its === own) return process.argv[1]!;
  const { bin } = JSON.parse(readFileSync(its, "utf8")) as { bin: { stackspec: string } };
  return join(dirname(its), bin.stackspec);
}
