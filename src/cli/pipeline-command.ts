import { readConfig } from "../config/config.ts";
import { readPipelineSettings } from "../config/pipeline-settings.ts";
import { loadDeclaration } from "../declarations.ts";
import type { DeclarationKind } from "../declarations.ts";
import { ensureEngine } from "../engine/docker/install.ts";
import { lockFile } from "../engine/docker/lock.ts";
import { StackspecError, usageError } from "../errors.ts";
import { openPipelineContext } from "../pipeline/pipeline-context.ts";
import { chooseStages, runStages } from "../pipeline/run-stages.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { endingLine, onEndSignals } from "../signals.ts";
import { complain, say } from "../terminal.ts";
import { progressView } from "./progress-view.ts";
import { runSuiteProcess } from "./suite-process.ts";

const PIPELINES: Omit<DeclarationKind<Pipeline>, "folder"> = {
  setting: "PIPELINE",
  madeBy: "definePipeline",
  accepts: ({ stages }) => stages !== undefined,
};
/** The specs talk to the image under test and to nothing else, and have no business with the registry. */
const NOT_INHERITED = { URL: undefined, STACKSPEC_REGISTRY_PASSWORD: undefined, STACKSPEC_DEPLOY_HOOK: undefined };
/** A release image is another one each time: a snapshot of its stack would be used by nobody. */
const OF_ITS_OWN = { CI: "true", STACKSPEC_SNAPSHOTS: "off" };

/**
 * Runs a pipeline of `specs/pipelines/`, or one stage of it, and removes all that it made on the engine.
 *
 * @param name the stage; undefined for all
 * @returns the exit code of the stage that was not green
 * @throws StackspecError before the first stage has run
 */
export async function runPipeline(name: string | undefined): Promise<number> {
  const config = readConfig();
  const settings = readPipelineSettings();
  const pipeline = await loadDeclaration({ ...PIPELINES, folder: config.folders.pipelines }, settings.pipeline);
  const stages = chooseStages(pipeline, name, settings);
  lockTarget();
  const engine = await ensureEngine(config, say);
  if ("missing" in engine)
    throw (
      engine.error ??
      new StackspecError("ENGINE_UNREACHABLE", engine.missing, { subject: "engine", hint: "a pipeline needs one" })
    );

  const { onProgress } = progressView({
    isTTY: false,
    write: (text: string) => process.stdout.write(text),
  } as NodeJS.WriteStream);
  const given = { pipeline, config, settings, say };
  const context = await openPipelineContext(given, runSuite, onProgress);
  let signalCode: number | undefined;
  onEndSignals((signal, code) => {
    signalCode = code;
    complain(endingLine(signal));
    context.session.cancel(new StackspecError("CANCELLED", `stopped by ${signal}`, { subject: "pipeline" }));
  });

  try {
    const exitCode = await runStages(stages, context);
    return signalCode ?? exitCode;
  } finally {
    await context.session.close();
  }
}

/** Two pipelines in one checkout would write the same artefact and records. @throws StackspecError `USAGE` naming the first */
function lockTarget(): void {
  const lock = lockFile("target/.lock");
  if (!lock.isOurs)
    throw usageError(
      "target/",
      `expected a folder that no other pipeline writes to, but process ${lock.owner} does: wait until it has ended`,
    );
  process.once("exit", lock.release);
}

function runSuite(suite: string, environment: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
  return runSuiteProcess({ suite, environment: { ...NOT_INHERITED, ...OF_ITS_OWN, ...environment }, signal });
}
