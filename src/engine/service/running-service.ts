import { setTimeout as sleep } from "node:timers/promises";
import type { StopOptions } from "testcontainers";
import { StackspecError } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import { nameAddress } from "../../http/exchange.ts";
import { addressAt, endpointOf } from "../../stack/external.ts";
import type { Service } from "../../stack/stack.ts";
import { deathFailure, exitFailure } from "../container/failure.ts";
import type { ContainerStart, RunningContainer } from "../container/start-container.ts";
import type { Runtime } from "../docker/connect.ts";
import type { StackRun } from "../plan/stack-run.ts";

/** How long the rest of a log may take to come, once its container has stopped, in milliseconds. */
const LOG_WITHIN_MS = 30_000;

/** Stops a container, and removes it, if it is to be, when its log is here: the engine gives no more of it then. */
export async function stopWithLog(
  { started, container, log }: RunningContainer,
  how?: Partial<StopOptions>,
): Promise<void> {
  await started.stop({ ...how, remove: false });
  const late = sleep(LOG_WITHIN_MS, "late", { ref: false });
  if ((await Promise.race([log.written, late])) === "late")
    log.cut(`what came later than ${LOG_WITHIN_MS / 1_000} s after the container had stopped`);
  if (how?.remove !== false) await container.remove({ v: true, force: true });
}

/**
 * A service's started value, with an HTTP client where it speaks HTTP. From now on its exit is news.
 *
 * @param isStopped whether the container of this id is meant to exit
 */
export async function serviceValue(
  node: Service,
  start: ContainerStart,
  { host }: Runtime,
  run: StackRun,
  isStopped: (id: string) => boolean,
): Promise<unknown> {
  const running = await start.done;
  void reportDeath(node, running, run, isStopped);
  const { http, url } = node.options;
  const { started } = running;
  const at = (port: number): number => started.getMappedPort(port);
  if (http !== undefined) {
    const client = httpClient(`http://${host}:${at(http.port)}`);
    nameAddress(client.url, node.name);
    Object.assign(started, { http: client });
  }
  if (url !== undefined) Object.assign(started, { url: addressAt(url, host, at(endpointOf(url).port)) });
  return started;
}

async function reportDeath(
  { name }: Service,
  { container, exit }: RunningContainer,
  run: StackRun,
  isStopped: (id: string) => boolean,
): Promise<void> {
  try {
    const exitCode = await exit;
    const { phase } = run;
    if (phase === "stopping" || isStopped(container.id)) return;
    run.isDying = true;
    run.setDead(
      phase === "up"
        ? await deathFailure(name, container, exitCode)
        : await exitFailure(name, container, exitCode, "while others were starting"),
    );
  } catch (error) {
    // The engine is gone, and with it every service.
    if (error instanceof StackspecError) run.setDead(error);
  } finally {
    run.isDying = false;
  }
}
