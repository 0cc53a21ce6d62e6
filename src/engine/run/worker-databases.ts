import type { GenericContainer } from "testcontainers";
import { StackspecError, messageOf } from "../../errors.ts";
import { driverOf } from "../drivers/choose.ts";
import { workerSuffix } from "../drivers/worker-suffix.ts";
import { addressOf } from "../service/address.ts";
import type { StackStart } from "../plan/stack-start.ts";

/**
 * Gives parallel workers, from 1 to `workers` - 1, databases of their own on the shared servers of a stack that is up:
 * copies of what is there, for the same users.
 *
 * @throws StackspecError `CREATE_FAILED` when something cannot be copied
 */
export async function createWorkerDatabases(start: StackStart, workers: number): Promise<void> {
  const { run, factories } = start;
  const suffixes = Array.from({ length: workers - 1 }, (_, at) => workerSuffix(at + 1));
  for (const service of run.stack.nodes) {
    if (service.kind !== "service" || service.options.shared !== true || !run.containers.has(service)) continue;
    const driver = driverOf(service, (await factories.create(service)) as GenericContainer);
    if (driver?.share === undefined) continue;
    if (!factories.isDatabaseAsked)
      run.context.onProgress({
        kind: "notice",
        text: `${service.name} is shared, but no declaration asks database() what its own is called: parallel workers see each other's data`,
      });
    await driver.share(await addressOf(start, service, driver), suffixes).catch((cause: unknown) => {
      throw new StackspecError("CREATE_FAILED", `parallel workers cannot share it: ${messageOf(cause)}`, {
        subject: service.name,
        hint: "without shared: true each worker has a server of its own",
        cause,
      });
    });
  }
}
