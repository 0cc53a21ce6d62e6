import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Socket } from "node:net";
import type { Runtime } from "../docker/connect.ts";
import { OWNER_LABEL, REAPER_LABEL, RUN_LABEL, thisProcess } from "../docker/labels.ts";

/** The port that Ryuk listens on in its container. */
const REAPER_PORT = 8080;

/** A reaper on the engine's own machine, which outlives the death of ours. */
export interface Reaper {
  /** Removes it: everything it was to guard is gone. */
  dismiss(): Promise<void>;
}

/**
 * Starts Ryuk, or the substitute that speaks its protocol, for one run. It holds a connection to
 * us, and once that is gone for ten seconds it removes what carries the run's label.
 */
export async function startReaper(runtime: Runtime, image: string, runId: string): Promise<Reaper> {
  const { docker, host, local, socketPath } = runtime;
  const name = `stackspec-reaper-${runId}`;
  const container = await docker.createContainer({
    name,
    Image: image,
    // No run label: it must not reap itself. It goes when its work is done.
    // And not to be found by other users of Testcontainers, who would lean on it.
    Labels: { "org.testcontainers.ryuk": "false", [REAPER_LABEL]: runId, [OWNER_LABEL]: thisProcess() },
    ExposedPorts: { [`${REAPER_PORT}/tcp`]: {} },
    HostConfig: {
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Binds: [`${socketPath}:/var/run/docker.sock`],
      PortBindings: { [`${REAPER_PORT}/tcp`]: [{ HostIp: local ? "127.0.0.1" : "", HostPort: "" }] },
    },
  });
  const dismiss = (): Promise<void> => container.remove({ force: true }).catch(() => {});
  try {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const port = Number(NetworkSettings.Ports[`${REAPER_PORT}/tcp`]?.[0]?.HostPort);
    const socket = await subscribe(host, port, `label=${RUN_LABEL}=${runId}\n`);
    socket.unref();
    return {
      async dismiss() {
        socket.destroy();
        await dismiss();
      },
    };
  } catch (error) {
    await dismiss();
    throw error;
  }
}

/** Connects, says what to guard and resolves when that is acknowledged. Docker's proxy accepts before Ryuk listens, so it tries again. */
async function subscribe(host: string, port: number, line: string): Promise<Socket> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect(port, host, () => socket.write(line));
        socket.once("data", () => {
          socket.removeAllListeners().on("error", () => {});
          resolve(socket);
        });
        socket.once("error", reject).once("close", () => reject(new Error("the reaper closed the connection")));
      });
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(50);
    }
  }
}
