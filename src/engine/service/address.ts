import type { Service } from "../../stack/stack.ts";
import { variablesOf } from "../container/internals.ts";
import type { Driver, ServiceAddress } from "../../stack/driver.ts";
import { toldTo } from "../drivers/variables.ts";
import type { StackStart } from "../plan/stack-start.ts";

/** How a driver reaches a service of a stack, when that is ready. */
export async function addressOf(
  { run, plan, databaseSuffix }: StackStart,
  service: Service,
  driver: Driver,
): Promise<ServiceAddress> {
  const { started, container } = await run.containers.get(service)!.done;
  const { Config } = await container.inspect();
  const environment = variablesOf(Config.Env);
  const told = toldTo(driver, environment);
  return {
    host: started.getHost(),
    port: started.getMappedPort(driver.port),
    environment: { ...environment, ...told },
    command: [Config.Entrypoint ?? [], Config.Cmd ?? []].flat(),
    suffix: plan.shared.has(service) ? databaseSuffix : "",
    shared: service.options.shared === true && run.context.joins?.key !== undefined,
    async exec(command) {
      const { exitCode, stdout, stderr } = await started.exec([...command], { env: told });
      return { exitCode, output: exitCode === 0 ? stdout : `${stdout}${stderr}` };
    },
  };
}
