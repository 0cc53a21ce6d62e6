import { MySqlContainer } from "@testcontainers/mysql";
import { runForTests } from "../../src/engine/drivers/data.ts";
import { DATA_PATH, snapshotReference } from "../../src/engine/snapshot/store.ts";
import type { Service } from "../../src/stack/stack.ts";
import release from "../stacks/release.ts";
import type { Bench } from "./bench.ts";
import { run } from "./child.ts";
import type { Way } from "./ways.ts";

const DATA = "/var/lib/mysql";
const READY = /^(\S+Z) .*ready for connections.* port: 3306\b/;
const STARTING = /^(\S+Z) .*\bmysqld \(mysqld [\d.]+\S*\) starting as process/;

/** What nobody can go below who runs this server in a container: `docker run` with data that is there, until it is ready. */
export async function floorWay({ runtime, labels, signal, snapshotKey }: Bench): Promise<Way> {
  const db = release.nodes.find(({ name }) => name === "db") as Service;
  const image = snapshotReference(release.name, "db", snapshotKey);
  const { Config } = await runtime.docker.getImage(image).inspect();
  const container = new MySqlContainer(image);
  runForTests(db, container);
  const { createOpts } = container as unknown as { createOpts: { Cmd?: string[] } };
  const name = `stackspec-bench-floor-${process.pid}`;
  const words = [
    "run",
    "--rm",
    "--name",
    name,
    "--user",
    "999:999",
    "--tmpfs",
    `${DATA}:rw,mode=1777`,
    "--entrypoint",
    "sh",
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    image,
    "-c",
    `cp -R ${DATA_PATH}/. ${DATA}/ && exec "$@"`,
    "sh",
    ...[Config.Entrypoint ?? []].flat(),
    ...(createOpts.Cmd ?? []),
  ];
  return {
    name: "floor",
    title: "the floor: docker run of MySQL alone with its data, until it is ready for connections",
    async sample() {
      let readyMs: number | undefined;
      let startingAt = "";
      let readyAt = "";
      let removing: Promise<unknown> | undefined;
      const remove = () => runtime.docker.getContainer(name).remove({ force: true });
      const running = run("docker", words, {
        signal,
        onLine(line, atMs) {
          startingAt ||= STARTING.exec(line)?.[1] ?? "";
          readyAt ||= READY.exec(line)?.[1] ?? "";
          if (readyAt === "" || removing !== undefined) return;
          readyMs = atMs;
          removing = remove().catch(() => {});
        },
      });
      // It is killed when it is ready: its exit code is not 0.
      await running.catch((error: unknown) => {
        signal.throwIfAborted();
        if (readyMs === undefined) throw error;
      });
      await removing;
      return { readyMs: readyMs!, mysqldMs: Date.parse(readyAt) - Date.parse(startingAt) };
    },
  };
}
