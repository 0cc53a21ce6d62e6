import { NONE_WANTED, connectEngine } from "../engine/docker/connect.ts";
import { StackspecError, messageOf } from "../errors.ts";
import { run } from "./run.ts";

/**
 * Says that the specs of this suite need a Docker-compatible engine. Where none answers they are
 * pending; with `CI=true` they fail.
 */
export function requireEngine(): void {
  before("an engine answers", async function () {
    this.timeout(0);
    const missing = await engineMissing();
    if (missing === undefined) return;
    if (!run.config.ci) return skipWithout(this, missing);
    if (missing instanceof StackspecError) throw missing;
    throw new StackspecError("ENGINE_UNREACHABLE", missing, {
      subject: "engine",
      hint: "CI=true makes this a failure",
    });
  });
}

/**
 * What becomes of a suite whose stack has not come up: where that is for want of an engine, its specs are pending as well.
 * Nobody knows before a stack starts whether it needs one when it declares no image: a factory may name that itself.
 *
 * @throws the failure, where it is another, and in CI
 */
export async function whenStartFailed(hook: Mocha.Context, failure: unknown): Promise<undefined> {
  const isUnreachable = failure instanceof StackspecError && failure.code === "ENGINE_UNREACHABLE";
  const missing = isUnreachable ? await engineMissing() : undefined;
  if (missing === undefined || run.config.ci) throw failure;
  return skipWithout(hook, missing);
}

/** Why there is no engine, as the error that an attempt to have one ended with, if there was one. */
export async function engineMissing(): Promise<string | StackspecError | undefined> {
  if (run.config.engine === "none") return NONE_WANTED;
  return connectEngine().then(
    () => undefined,
    (error: unknown) => run.engineError ?? messageOf(error),
  );
}

function skipWithout(hook: Mocha.Context, missing: string | StackspecError): undefined {
  run.engineMissing = messageOf(missing);
  hook.skip();
}
