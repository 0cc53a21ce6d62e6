import type { Config } from "../config/config.ts";
import { ensureEngine } from "../engine/docker/install.ts";
import { StackspecError, isBadInput } from "../errors.ts";
import { sayNotices } from "../mocha/notices.ts";
import { run } from "../mocha/run.ts";
import { loadStack } from "../mocha/target.ts";
import type { TargetStack } from "../mocha/target.ts";
import { imagesOf } from "../stack/define-stack.ts";
import { say } from "../terminal.ts";
import { progressView } from "./progress-view.ts";

/**
 * Starts what the specs will talk to. A failure is theirs to report: it stands in the report of every suite.
 *
 * @param meanwhile called when the first container runs: what it has to do takes as long as a database to boot
 * @returns the stack, when it is up
 */
export async function prepareTarget(config: Config, meanwhile: () => void): Promise<TargetStack | undefined> {
  run.clock.beginPhase("engine");
  const needsEngine =
    config.url === undefined &&
    (config.stack === undefined || imagesOf(await loadStack(config.stack, config)).length > 0);
  const engine = needsEngine ? await ensureEngine(config, say) : undefined;
  const missing = engine !== undefined && "missing" in engine ? (engine.error ?? engine.missing) : undefined;
  const target = await run.target(missing, say).catch((error: unknown) => {
    // What is wrong with an address is, as with a stack, a finding of each suite that needs it.
    if (config.url === undefined) throw error;
    run.startFailure = error;
  });
  if (target === undefined) return undefined;
  if ("url" in target) {
    say(`Target: ${target.url}`);
    return undefined;
  }

  run.clock.beginPhase("stack");
  say(`Starting the stack ${target.stack.name}`);
  const view = progressView(process.stdout);
  run.onProgress = (event) => {
    view.onProgress(event);
    if (event.kind === "log") meanwhile();
  };
  try {
    await run.share(target.stack);
    return target.stack;
  } catch (error) {
    // Bad input is the reader's to mend, not a finding about the service.
    if (isBadInput(error)) throw error;
    // It stands at the end, once.
    if (!(error instanceof StackspecError && error.code === "CANCELLED")) run.startFailure = error;
    return undefined;
  } finally {
    view.close();
    run.onProgress = sayNotices;
  }
}
