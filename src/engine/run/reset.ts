import type { Service } from "../../stack/stack.ts";
import type { StackRun } from "./stack-run.ts";
import { resetMySql, takeMySqlBaseline } from "../drivers/mysql.ts";
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
export function mySqlServices({ stack, made }: StackRun): Service[] {
  return stack.nodes.filter(
    (node) => node.kind === "service" && made.get(node)?.constructor.name === "MySqlContainer",
  ) as Service[];
}

/** The databases of a stack that can be reset: those of `MySqlContainer`. */
async function mySqlServers(run: StackRun): Promise<MySqlServer[]> {
  return Promise.all(
    mySqlServices(run).map(async (node) =>
      serverOf(
        (await run.conditions(node).done.promise) as StartedMySql,
        run.joined.has(node.name) ? run.databaseSuffix : "",
      ),
    ),
  );
}

/** How root reaches a server that has been started. */
export function serverOf(started: StartedMySql, suffix = ""): MySqlServer {
  return { host: started.getHost(), port: started.getPort(), password: started.getRootPassword(), suffix };
}

/** Remembers the databases as the tasks have left them. A restored one has that with it. */
export async function takeDatabaseBaselines(run: StackRun): Promise<void> {
  await tasksDone(run);
  await Promise.all((await mySqlServers(run)).map((server) => takeMySqlBaseline(server)));
}

/** Remembers the volumes as the tasks, and the first service that may write there, have left them. */
export async function takeVolumeBaselines(run: StackRun): Promise<VolumeBaseline[]> {
  await tasksDone(run);
  const found = run.stack.volumes.map(async (volume) => {
    for (const node of run.runningNodes()) {
      const mount = node.options.mounts?.find((each) => each.volume === volume && each.mode === "rw");
      if (node.kind === "task" || mount === undefined) continue;
      await run.conditions(node).done.promise;
      const { container } = await run.containerStarts.get(node)!.done;
      const { runtime, ground } = await run.resources();
      const name = ground.volumeName(volume);
      const folder = runtime.local ? (await runtime.docker.getVolume(name).inspect()).Mountpoint : undefined;
      return takeVolumeBaseline(volume.name, container, mount.path, folder, run.kept?.baselineFile(volume.name));
    }
    return undefined;
  });
  return (await Promise.all(found)).filter((baseline) => baseline !== undefined);
}

async function tasksDone(run: StackRun): Promise<void> {
  const tasks = run.stack.nodes.filter(({ kind }) => kind === "task");
  await Promise.all(tasks.map((task) => run.conditions(task).done.promise));
}

/** Brings databases and volumes back to where the tasks left them, and resets the services of this process that can be. */
export async function resetStack(run: StackRun, volumes: readonly VolumeBaseline[]): Promise<void> {
  const objects = run.stack.nodes.filter((node) => node.kind === "service" && !run.containerStarts.has(node));
  await Promise.all([
    ...(await mySqlServers(run)).map((server) => resetMySql(server)),
    ...volumes.map((volume) => resetVolume(volume)),
    ...objects.map(async (node) =>
      ((await run.disposables.get(node)) as { reset?(): Promise<void> } | undefined)?.reset?.(),
    ),
  ]);
}
