import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureEngine } from "../engine/docker/install.ts";
import { StackspecError, usageError } from "../errors.ts";
import { runConfig } from "../mocha/run.ts";
import { openPipelineContext } from "../pipeline/pipeline-context.ts";
import { removeCaches } from "../pipeline/cache.ts";
import { chooseStages, runStages } from "../pipeline/run-stages.ts";
import { readPipelineSettings } from "../pipeline/settings.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { progressView } from "./progress-view.ts";

const FOLDER = "specs/pipelines";
/** The specs talk to the image under test and to nothing else, and have no business with the registry. */
const NOT_INHERITED = { URL: undefined, STACKSPEC_REGISTRY_PASSWORD: undefined, STACKSPEC_DEPLOY_HOOK: undefined };
/** Exit codes as shells give them: 128 and the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a pipeline of `specs/pipelines/`, or one stage of it, and removes all that it made on the engine.
 *
 * @param name the stage; undefined for all
 * @returns the exit code of the stage that was not green
 * @throws StackspecError before the first stage has run
 */
export async function runPipeline(name: string | undefined): Promise<number> {
  const config = runConfig();
  const settings = readPipelineSettings(process.env);
  const pipeline = await loadPipeline(settings.pipeline);
  const stages = chooseStages(pipeline, name, settings);
  const engine = await ensureEngine(config, console.log);
  if ("missing" in engine)
    throw new StackspecError("ENGINE_UNREACHABLE", engine.missing, { subject: "engine", hint: "a pipeline needs one" });

  const { onProgress } = progressView({
    isTTY: false,
    write: (text: string) => process.stdout.write(text),
  } as NodeJS.WriteStream);
  const given = { pipeline, config, settings, runtime: engine.runtime, say: (line: string) => console.log(line) };
  const { bench, cancel, close } = openPipelineContext(given, runSuite, onProgress);
  let signalCode: number | undefined;
  for (const [signal, code] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (signalCode !== undefined) process.exit(code); // The watchdog cleans up.
      signalCode = code;
      console.error(`\n${signal}: stopping and removing everything; once more to leave at once`);
      cancel(new StackspecError("CANCELLED", `stopped by ${signal}`, { subject: "pipeline" }));
    });

  try {
    const exitCode = await runStages(stages, bench);
    return signalCode ?? exitCode;
  } finally {
    await close();
  }
}

/** Removes what pipelines keep between runs: `stackspec clean --caches`. */
export async function cleanCaches(): Promise<void> {
  const { connectEngine } = await import("../engine/docker/connect.ts");
  console.log(`Removed ${await removeCaches(await connectEngine())} caches.`);
}

async function loadPipeline(name: string | undefined): Promise<Pipeline> {
  const files = (await readdir(FOLDER).catch(() => [])).filter((file) => /\.[cm]?[jt]s$/.test(file));
  const nameOf = (file: string): string => file.slice(0, -extname(file).length);
  const found = name === undefined && files.length === 1 ? files[0] : files.find((file) => nameOf(file) === name);
  if (found === undefined)
    throw usageError(
      "PIPELINE",
      files.length === 0
        ? `expected a file in ${FOLDER}/, found none`
        : `expected one of ${files.map(nameOf).join(", ")}, got "${name ?? ""}"`,
    );
  const module = (await import(pathToFileURL(resolve(FOLDER, found)).href)) as { default?: Pipeline };
  if (module.default?.stages === undefined)
    throw usageError(`${FOLDER}/${found}`, "expected a default export made by definePipeline");
  return module.default;
}

function runSuite(suite: string, environment: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
  const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, "run", suite], {
    // A release image is another one each time: a snapshot of its stack would be used by nobody.
    env: { ...process.env, ...NOT_INHERITED, CI: "true", STACKSPEC_SNAPSHOTS: "off", ...environment },
    // The channel is how a suite learns that this process is gone.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("close", (code) => done(code ?? 1));
  });
}
