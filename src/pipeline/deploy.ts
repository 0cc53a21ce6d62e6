import { spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "../errors.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { TaskOutcome } from "./outcome.ts";

const TIMEOUT_MS = 60_000;

/** What a deploy hook is told: as the JSON of a POST, or as `DEPLOY_IMAGE`, `DEPLOY_TAGS` and so on. */
export interface Deployment {
  /** By digest: what is deployed is what was tested, whatever happens to its tags. */
  readonly image: string;
  readonly tags: readonly string[];
  readonly revision: string;
  readonly version: string;
}

/** Tells whoever deploys: a POST when the hook is an address, else a command of the shell. */
export async function deploy(hook: string, deployment: Deployment, bench: PipelineContext): Promise<TaskOutcome> {
  const startedAt = performance.now();
  const done = (why?: string): TaskOutcome => {
    bench.say(`  deploy ${why === undefined ? "hook called" : `failed: ${why}`}`);
    return {
      name: "deploy",
      verdict: why === undefined ? "passed" : "failed",
      why,
      tookMs: Math.round(performance.now() - startedAt),
    };
  };
  try {
    return done(
      /^https?:\/\//.test(hook)
        ? await post(hook, deployment, bench.signal)
        : await run(hook, deployment, bench.signal),
    );
  } catch (error) {
    bench.signal.throwIfAborted();
    const { cause } = error as { cause?: { code?: string } };
    return done(`the hook does not answer: ${cause?.code ?? messageOf(error).replaceAll(hook, "the hook")}`);
  }
}

/** The address may hold a token: it is not repeated. */
async function post(hook: string, deployment: Deployment, signal: AbortSignal): Promise<string | undefined> {
  const response = await fetch(hook, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(deployment),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  return response.ok ? undefined : `${new URL(hook).host} answered ${response.status}`;
}

async function run(hook: string, deployment: Deployment, signal: AbortSignal): Promise<string | undefined> {
  const told = Object.entries(deployment).map(([name, value]) => [`DEPLOY_${name.toUpperCase()}`, String(value)]);
  const child = spawn(hook, {
    shell: true,
    stdio: "inherit",
    signal,
    timeout: TIMEOUT_MS,
    env: { ...process.env, ...Object.fromEntries(told) },
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0 ? undefined : `the command exited with ${code ?? "a signal"}`;
}
