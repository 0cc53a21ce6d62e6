import { collectStatic } from "./collectstatic.ts";
import { Unavailable, UsageError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import { serve } from "./serve.ts";
import { readSettings, type Settings } from "./settings.ts";
import { openStore } from "./store/open.ts";

/** A command: answers with its exit code. */
type Command = (settings: Settings, log: Log) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  serve,

  async migrate(settings, log) {
    const store = await openStore(settings.store);
    try {
      log.info("migrated", { store: settings.store.kind, applied: await store.migrate() });
    } finally {
      await store.close();
    }
    return 0;
  },

  async collectstatic({ staticRoot }, log) {
    if (staticRoot === undefined) throw new UsageError("STATIC_ROOT: expected a folder to copy to, got nothing");
    log.info("collected static files", { files: await collectStatic(staticRoot), to: staticRoot });
    return 0;
  },
};

async function run(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || rest.length > 0) {
    throw new UsageError(`usage: main.js ${Object.keys(commands).join("|")}, got: ${args.join(" ") || "nothing"}`);
  }
  return command(readSettings(), createLog());
}

try {
  // Not process.exitCode: requests given up on, or a pool that cannot say good-bye, would keep the process alive.
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Unavailable)) throw error;
  process.stderr.write(`todobackend: ${error.message}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
