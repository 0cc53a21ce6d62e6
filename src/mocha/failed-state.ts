import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import { listKeptStacks } from "../engine/kept/kept-stacks.ts";
import { guardReusableStack, isReusableStack, removeReusableStack } from "../engine/kept/reusable-stack.ts";
import type { StartedStack } from "../engine/run/started-stack.ts";
import { StackspecError, messageOf } from "../errors.ts";
import { say } from "../terminal.ts";
import type { FullRunner } from "./run-record.ts";

/** The folder of such files, beside the report. */
export const STATES = "failed";

/** What becomes of the state in which the first spec has failed: its stacks stay up, or are written to files, if they are to be. */
export class FailedState {
  /** A spec, or a hook, has failed. */
  #hasFailed = false;
  /** The run's report; undefined in a parallel worker. */
  #report: string | undefined;
  readonly #config: () => Config;
  /** The stacks that run now. */
  readonly #running: () => Iterable<StartedStack>;
  /** Have stacks removed that stay up for this run alone, if its process ends in another way; by their names on the engine. */
  readonly #guards = new Map<string, () => void>();
  /** The state of the first spec that failed has been written, or could not be. */
  #hasSaved = false;

  constructor(config: () => Config, running: () => Iterable<StartedStack>) {
    this.#config = config;
    this.#running = running;
  }

  /** Listens to a run with this report. */
  begin(runner: FullRunner, report: string): void {
    runner.once("fail", () => (this.#hasFailed = true));
    if (!runner.isParallelMode()) {
      this.#report = report;
      forgetStates(report);
    } else if (this.#config().onFailure.saves)
      say("No state is written when a spec fails: snapshotOnFailure is for runs without parallel workers");
  }

  /** Takes note of a shared stack that has been started. */
  add({ id, wasUp }: StartedStack): void {
    const { keep, onFailure, worker } = this.#config();
    if (!onFailure.keeps || keep || wasUp || worker !== undefined || !isReusableStack(id)) return;
    this.#guards.set(id, guardReusableStack(id));
  }

  /** A spec has failed: writes the state of the stacks that run, if it is the first, and says where, a line each. */
  async save(): Promise<void> {
    const report = this.#report;
    if (this.#hasSaved || report === undefined) return;
    this.#hasSaved = true;
    const saving = Array.from(this.#running(), (stack) => saveOne(stack, stateFile(report, stack.name)));
    for (const line of await Promise.all(saving)) say(`  ${line}`);
  }

  /** What is to be said at the end of the run, before it is closed: which stacks stay up, and how to get in. */
  async tell(): Promise<string[]> {
    const { keeps, saves } = this.#config().onFailure;
    const running = [...this.#running()];
    const told = running.map(async (stack) => {
      if (this.#hasFailed && keeps) return this.#tellFailed(stack);
      return this.#guards.has(stack.id) ? [] : stack.tellKept().catch(() => []);
    });
    const lines = (await Promise.all(told)).flat();
    const isMissed = saves && this.#hasFailed && !this.#hasSaved && this.#report !== undefined && running.length > 0;
    return isMissed
      ? [...lines, "No state is written: what failed was a hook around specs, and not one of them"]
      : lines;
  }

  async #tellFailed(stack: StartedStack): Promise<readonly string[]> {
    if (!isReusableStack(stack.id))
      return [`The stack ${stack.name} is gone: only what is shared, and in containers, stays up when a spec fails`];
    this.#guards.get(stack.id)?.();
    this.#guards.delete(stack.id);
    const lines = await stack.tellKept("as the spec that failed has left it");
    const kept = (await listKeptStacks(await connectEngine())).find(({ id }) => id === stack.id);
    const services = kept?.services ?? [];
    const prompts = services.filter(({ prompt }) => prompt !== undefined);
    const ways = [
      ...prompts.map(({ name }) => `stackspec shell ${name}`),
      "stackspec logs",
      ...services.slice(0, 1).map(({ name }) => `stackspec exec ${name} COMMAND`),
    ];
    return [...lines, `  ${ways.join(" · ")}`];
  }

  /** The run is closed: removes what has stayed up for nothing. */
  async release(): Promise<void> {
    for (const [id, dismiss] of this.#guards) {
      await removeReusableStack(await connectEngine(), id);
      dismiss();
    }
    this.#guards.clear();
  }
}

/** "reports/acceptance.xml" and the stack "shop": "reports/failed/acceptance.shop.tar.zst". */
function stateFile(report: string, stack: string): string {
  return join(dirname(report), STATES, `${basename(report, extname(report))}.${stack}.tar.zst`);
}

/** Removes what an earlier run of this report has written. */
function forgetStates(report: string): void {
  const folder = join(dirname(report), STATES);
  const begin = `${basename(report, extname(report))}.`;
  for (const file of existsSync(folder) ? readdirSync(folder) : [])
    if (file.startsWith(begin) && file.endsWith(".tar.zst")) rmSync(join(folder, file), { force: true });
}

async function saveOne(stack: StartedStack, file: string): Promise<string> {
  try {
    const hasAny = await stack.saveState(file);
    return hasAny
      ? `The state of ${stack.name} in which the first spec has failed: stackspec up --as-failed ${file}`
      : `The stack ${stack.name} holds nothing that could be written: it has neither data nor volumes`;
  } catch (error) {
    const why = error instanceof StackspecError ? error.sentence : messageOf(error);
    return `The state of ${stack.name} in which the first spec has failed is not written: ${why}`;
  }
}
