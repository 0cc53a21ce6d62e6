import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import { mask } from "../../secrets.ts";
import type { TaskOptions, TaskResult } from "../../stack/stack.ts";
import type { Log } from "../docker/log.ts";
import { lastWords, remainsOf, remainsText } from "./remains.ts";
import type { ContainerStart } from "./start-container.ts";

/** How much of a task's output is kept: enough to read what it said, little enough for a label of an image. */
const OUTPUT_BYTES = 64 * 1024;

/**
 * The result of a task that is started, once its container has exited.
 *
 * @param options `timeoutMs`: how long it may run; what it waits for before is not its time. Undefined: for ever
 * @throws StackspecError `TASK_FAILED` for another exit code than 0, `TASK_TIMEOUT`, or what its start fails with
 */
export async function taskResult(
  name: string,
  start: ContainerStart,
  { timeoutMs, exitCode: whose }: Pick<TaskOptions, "timeoutMs" | "exitCode">,
): Promise<TaskResult> {
  const over = new AbortController();
  let runsSince = performance.now();
  void start.running.then(() => (runsSince = performance.now()));
  try {
    const late = timeoutMs === undefined ? [] : [timeout(name, start, timeoutMs, over.signal)];
    const { container, exit, log } = await Promise.race([start.done, ...late]);
    const exitCode = await exit;
    const durationMs = Math.round(performance.now() - runsSince);
    if (exitCode === 0) return { exitCode, output: outputOf(log), durationMs };
    const remains = await remainsOf(container);
    throw new StackspecError("TASK_FAILED", `exited with code ${exitCode}, expected 0${lastWords(remains.log)}`, {
      subject: name,
      hint: "its log says why",
      evidence: remainsText(remains),
      exitCode: whose === "run" ? exitCode : undefined,
    });
  } finally {
    over.abort();
  }
}

async function timeout(name: string, start: ContainerStart, timeoutMs: number, over: AbortSignal): Promise<never> {
  await start.running;
  await sleep(timeoutMs, undefined, { signal: over });
  throw new StackspecError("TASK_TIMEOUT", `still running after ${timeoutMs} ms`, {
    subject: name,
    hint: "its log says what it is doing; raise its timeoutMs if that is right",
    evidence: await start.evidence(),
  });
}

/** What a task has printed, as far as `TaskResult` has it. */
function outputOf({ lines }: Log): string {
  const text = Buffer.from(mask(lines.join("\n")));
  return text.subarray(Math.max(0, text.length - OUTPUT_BYTES)).toString("utf8");
}
