import { createApp } from "./app.ts";
import { silent, type Log } from "./log.ts";
import { startServer } from "./server.ts";
import { openStore } from "./store/open.ts";

/** The app inside this process. */
export type Embedded = Readonly<{
  /** Such as `http://127.0.0.1:41234`, without a slash at its end. */
  url: string;
  /** Waits for the requests under way, and forgets the todos unless they are in a file. */
  stop(): Promise<void>;
}>;

/** `sqlitePath` defaults to `:memory:`, `log` to silence. */
export type EmbedOptions = Readonly<{ sqlitePath?: string; log?: Log }>;

/** Starts the app in this process, on SQLite and any free port of 127.0.0.1, within a few milliseconds. */
export async function startEmbedded({ sqlitePath = ":memory:", log = silent }: EmbedOptions = {}): Promise<Embedded> {
  const store = await openStore({ kind: "sqlite", path: sqlitePath });
  await store.migrate();
  const server = await startServer(createApp({ store, log }), { host: "127.0.0.1", port: 0 }, log);
  let stopped: Promise<void> | undefined;
  return { url: server.url, stop: () => (stopped ??= server.stop().then(() => store.close())) };
}
