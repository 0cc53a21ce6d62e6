import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../errors.ts";
import { maskLines } from "../secrets.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import { outcomeOf } from "./outcome.ts";
import type { TaskOutcome } from "./outcome.ts";

const TIMEOUT_MS = 60_000;
/** How long its last lines may take once it has ended, in milliseconds. */
const OUTPUT_WITHIN_MS = 1_000;

/** What a deploy hook is told: as the JSON of a POST, or as `DEPLOY_IMAGE`, `DEPLOY_TAGS` and so on. */
export interface Deployment {
  /** By digest: what is deployed is what was tested, whatever happens to its tags. */
  readonly image: string;
  readonly tags: readonly string[];
  readonly revision: string;
  readonly version: string;
}

type DeployContext = Pick<PipelineContext, "say" | "signal">;

/** Tells whoever deploys: a POST when the hook is an address, else a command of the shell. */
export async function deploy(hook: string, deployment: Deployment, context: DeployContext): Promise<TaskOutcome> {
  const call = /^https?:\/\//.test(hook) ? post : run;
  return (await outcomeOf("deploy", context, () => call(hook, deployment, context))).outcome;
}

/** The address may hold a token: it is not repeated. */
async function post(hook: string, deployment: Deployment, { signal }: DeployContext): Promise<void> {
  const response = await fetch(hook, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(deployment),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((error: unknown) => {
    const { cause } = error as { cause?: { code?: string } };
    throw failure(`it does not answer: ${cause?.code ?? messageOf(error).replaceAll(hook, "the hook")}`, error);
  });
  if (!response.ok) throw failure(`${new URL(hook).host} answered ${response.status}`);
}

async function run(hook: string, deployment: Deployment, { say, signal }: DeployContext): Promise<void> {
  const told = Object.entries(deployment).map(([name, value]) => [`DEPLOY_${name.toUpperCase()}`, String(value)]);
  const child = spawn(hook, {
    shell: true,
    stdio: ["inherit", "pipe", "pipe"],
    signal,
    timeout: TIMEOUT_MS,
    env: { ...process.env, ...Object.fromEntries(told) },
  });
  const closed = once(child, "close");
  closed.catch(() => {});
  const outputs = [child.stdout, child.stderr];
  const tell = maskLines();
  for (const output of outputs) createInterface({ input: output }).on("line", (line) => say(tell(line)));
  const [code] = (await once(child, "exit")) as [number | null];
  // What it has left running in the background may hold its output open for ever.
  await Promise.race([closed, sleep(OUTPUT_WITHIN_MS, undefined, { ref: false })]);
  for (const output of outputs) output.destroy();
  if (code !== 0) throw failure(`the command exited with ${code ?? "a signal"}`);
}

function failure(what: string, cause?: unknown): StackspecError {
  return new StackspecError("TASK_FAILED", what, { subject: "deploy hook", cause });
}
