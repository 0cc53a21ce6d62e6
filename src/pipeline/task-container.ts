import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { GenericContainer } from "testcontainers";
import { startContainer } from "../engine/container/start-container.ts";
import { taskResult } from "../engine/container/task-result.ts";
import { watchExits } from "../engine/docker/exits.ts";
import { NAME_LABEL, RUN_LABEL, settleAll } from "../engine/docker/labels.ts";
import type { StackspecError } from "../errors.ts";
import { collect } from "./collect.ts";
import type { PipelineContext } from "./pipeline-context.ts";

const TIMEOUT_MS = 600_000;

/** How one container of a stage runs. */
export interface ContainerRun {
  /** Of the task: for messages, the label and the log file. */
  readonly name: string;
  /** A network's name, or `none`. */
  readonly network: string;
  readonly binds: readonly string[];
  readonly collects: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
}

/**
 * Runs a container to its end. What it collects is taken out before it is removed, whether it
 * passed or not.
 *
 * @throws StackspecError `TASK_FAILED` or `TASK_TIMEOUT`, with the end of its output
 */
export async function runToEnd(made: GenericContainer, run: ContainerRun, context: PipelineContext): Promise<void> {
  const { name, network, binds, collects, timeoutMs = TIMEOUT_MS } = run;
  const { config, runtime, session, signal } = context;
  // What an earlier run left must not be taken for this one's.
  await Promise.all(Object.values(collects).map((to) => rm(to, { recursive: true, force: true })));
  const exits = await watchExits(runtime);
  const start = startContainer(made, {
    subject: { kind: "task", name, options: {} },
    config: {
      labels: { [RUN_LABEL]: session.runId, [NAME_LABEL]: name },
      networks: [network],
      alias: undefined,
      binds,
    },
    runtime,
    exits,
    logFile: join(config.folders.reports, "logs", `${name}.log`),
    signal,
  });
  try {
    const container = await Promise.race([start.running, start.done.then((ended) => ended.container)]);
    try {
      const result = await taskResult(name, start, { timeoutMs }).catch((error: unknown) => ({ error }));
      await container.kill().catch(() => {}); // It runs still where it ran out of time.
      signal.throwIfAborted();
      const copies = Object.entries(collects).map(([from, to]) => collect(container, from, to, name));
      const [collected] = await Promise.allSettled([settleAll(copies)]);
      if ("error" in result) throw result.error;
      if (collected.status === "rejected")
        throw (collected.reason as StackspecError).withEvidence(await start.evidence());
    } finally {
      await container.remove({ force: true, v: true }).catch(() => {}); // The run's end removes what is left.
    }
  } finally {
    // Testcontainers may be creating it, or removing it: the run's end must not look for what is left before.
    await start.settled;
    exits.close();
  }
}
