import { createApp } from "./app.ts";
import { within } from "./deadline.ts";
import type { Log } from "./log.ts";
import { startServer } from "./server.ts";
import type { Settings } from "./settings.ts";
import { openStore } from "./store/open.ts";

/** Serves until SIGTERM or SIGINT, then finishes what it has begun. Answers with the exit code. */
export async function serve({ store: storeSettings, address, shutdownTimeoutMs }: Settings, log: Log): Promise<number> {
  // First of all: as process 1 of a container, a signal that nobody listens to is lost.
  const signal = firstSignal();
  const store = await openStore(storeSettings);
  if (storeSettings.kind === "sqlite") await store.migrate();
  const server = await startServer(createApp({ store, log }), address, log);
  log.info("listening", { url: server.url, store: storeSettings.kind, pid: process.pid });

  const name = await signal;
  const stopped = server.stop().then(() => store.close());
  log.info("stopping", { signal: name, shutdownTimeoutMs });
  try {
    await within(shutdownTimeoutMs, stopped);
  } catch (error) {
    log.error("stopped before all was finished", { error });
    return 1;
  }
  log.info("stopped");
  return 0;
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    // `on`, not `once`: npm and a terminal both send SIGINT, and the second must not kill what the first began to stop.
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, resolve);
  });
}
