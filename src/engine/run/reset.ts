import type { Service } from "../../stack/stack.ts";
import type { StackStart } from "./start-node.ts";
import { isMySql, resetMySql, takeMySqlBaseline } from "../drivers/mysql.ts";
import type { MySqlServer } from "../drivers/mysql.ts";
import { resetVolume, takeVolumeBaseline } from "./volume-baseline.ts";
import type { VolumeBaseline } from "./volume-baseline.ts";

/** What StartedMySqlContainer tells of its server. */
export interface StartedMySql {
  getHost(): string;
  getPort(): number;
  getRootPassword(): string;
}

/** The services of a stack that are a `MySqlContainer`. */
export async function mySqlServices({ run, factories }: StackStart): Promise<Service[]> {
  const services = run.stack.nodes.filter((node) => node.kind === "service");
  const made = await Promise.all(services.map((service) => factories.create(service)));
  return services.filter((_, index) => isMySql(made[index]));
}

/** The databases of a stack that can be reset: those of `MySqlContainer`. */
async function mySqlServers(start: StackStart): Promise<MySqlServer[]> {
  return Promise.all(
    (await mySqlServices(start)).map(async (node) =>
      serverOf(
        (await start.run.waitFor(node)) as StartedMySql,
        start.plan.shared.has(node) ? start.databaseSuffix : "",
      ),
    ),
  );
}

/** How root reaches a server that has been started. */
export function serverOf(started: StartedMySql, suffix = ""): MySqlServer {
  return { host: started.getHost(), port: started.getPort(), password: started.getRootPassword(), suffix };
}

/** Remembers the databases as the tasks have left them. A restored one has that with it. */
export async function takeDatabaseBaselines(start: StackStart): Promise<void> {
  await start.run.tasksDone();
  await Promise.all((await mySqlServers(start)).map((server) => takeMySqlBaseline(server)));
}

/** Remembers the volumes as the tasks, and the first service that may write there, have left them. */
export async function takeVolumeBaselines(start: StackStart): Promise<VolumeBaseline[]> {
  const { run, plan } = start;
  await run.tasksDone();
  const found = run.stack.volumes.map(async (volume) => {
    for (const node of plan.running) {
      const mount = node.options.mounts?.find((each) => each.volume === volume && each.mode === "rw");
      if (node.kind === "task" || mount === undefined) continue;
      await run.waitFor(node);
      const { container } = await run.containers.get(node)!.done;
      const { runtime, volumeName } = await run.resources(plan);
      const name = volumeName(volume);
      const folder = runtime.local ? (await runtime.docker.getVolume(name).inspect()).Mountpoint : undefined;
      return takeVolumeBaseline(volume.name, container, mount.path, folder, plan.reusable?.baselineFile(volume.name));
    }
    return undefined;
  });
  return (await Promise.all(found)).filter((baseline) => baseline !== undefined);
}

/** Brings databases and volumes back to where the tasks left them, and resets the services of this process that can be. */
export async function resetStack(start: StackStart, volumes: readonly VolumeBaseline[]): Promise<void> {
  const { run } = start;
  const objects = run.stack.nodes.filter((node) => node.kind === "service" && !run.containers.has(node));
  await Promise.all([
    ...(await mySqlServers(start)).map((server) => resetMySql(server)),
    ...volumes.map((volume) => resetVolume(volume)),
    ...objects.map(async (node) =>
      ((await run.disposables.get(node)) as { reset?(): Promise<void> } | undefined)?.reset?.(),
    ),
  ]);
}
