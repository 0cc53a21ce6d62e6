import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isContainer } from "../engine/container/internals.ts";
import { StackspecError, usageError } from "../errors.ts";
import { buildImage } from "../images/build.ts";
import { basesOf } from "../images/dockerfile.ts";
import { LOCAL } from "../images/debian.ts";
import { readTotals, totalsLine } from "../report/totals.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import { runToEnd } from "./task-container.ts";
import type { ReleaseOptions, ReleaseStage } from "./pipeline.ts";
import { readRecord, recordFile, sha256, verifyArtefact, writeRecord } from "./record.ts";
import type { Manifest } from "./record.ts";
import { outcomeOf } from "./outcome.ts";
import type { StageResult } from "./outcome.ts";

/** Builds the release image from the artefact alone, and holds it to the acceptance specs. */
export async function release(stage: ReleaseStage, context: PipelineContext): Promise<StageResult> {
  const manifest = readRecord(stage.from);
  await verifyArtefact(stage.from, manifest);
  const manifestDigest = await sha256(recordFile(stage.from));
  const reference = `${LOCAL}/${stage.options.image}:release-${manifestDigest.slice(0, 12)}`;

  const image = await outcomeOf("image", context, () => build(stage, manifest, reference, context));
  if (image.value === undefined) return { outcomes: [image.outcome], notes: [] };
  context.say(`  image ${image.value} is ${reference}`);

  const report = join(context.config.folders.reports, "acceptance.xml");
  await rm(report, { force: true });
  const { specs } = context.settings;
  const acceptance = await outcomeOf("acceptance", context, async () => {
    await (specs === "container"
      ? inContainer(stage.options, reference, report, context)
      : onHost(stage.options, reference, report, context));
    return readVerdict(report);
  });
  const outcomes = [image.outcome, acceptance.outcome];
  const notes = existsSync(report) ? [`${report}: ${totalsLine(readTotals([report]))}`] : [];
  if (acceptance.value === undefined) return { outcomes, notes };
  writeRecord(stage, {
    image: image.value,
    reference,
    manifest: manifestDigest,
    acceptance: { report, sha256: await sha256(report), ...acceptance.value },
  });
  return { outcomes, notes: [`image ${image.value}`, ...notes] };
}

/** Builds without a network, unless it is declared to need one; what it stands on is the base that its Dockerfile names. Returns the image's ID. */
async function build(
  stage: ReleaseStage,
  manifest: Manifest,
  reference: string,
  context: PipelineContext,
): Promise<string> {
  const { docker } = context.runtime;
  const folder = stage.from.options.artefact;
  const dockerfile = await readFile(join(folder, "Dockerfile"), "utf8");
  const resolved = await Promise.all(basesOf(dockerfile).map((base) => context.session.resolveImage(base)));
  const bases = new Map(resolved.map((base) => [base.name, base.reference]));
  // https://github.com/opencontainers/image-spec/blob/main/annotations.md
  const labels = {
    "org.opencontainers.image.title": stage.options.image,
    "org.opencontainers.image.version": manifest.version,
    "org.opencontainers.image.revision": manifest.revision,
    "org.opencontainers.image.created": manifest.created,
    "org.opencontainers.image.source": stage.options.source,
  };
  await buildImage(
    docker,
    { reference, folder, bases, network: stage.options.network ?? false, labels },
    context.signal,
    () => {},
  );
  const { Id, Config } = await docker.getImage(reference).inspect();
  if (isRoot(Config.User))
    throw new StackspecError("IMAGE_BUILD_FAILED", "expected an image that runs as a user other than root", {
      subject: reference,
      hint: `add USER to ${folder}/Dockerfile`,
    });
  return Id;
}

/** True for the user of an image, with or without a group, that may do everything. Some engines leave it out where there is none. */
export function isRoot(user = ""): boolean {
  return /^(root|0*)(:|$)/.test(user);
}

async function onHost(
  { acceptance }: ReleaseOptions,
  reference: string,
  report: string,
  context: PipelineContext,
): Promise<void> {
  const exitCode = await context.runSuite(acceptance.suite, {
    ...acceptance.environment(reference),
    JUNIT_REPORT_PATH: report,
  });
  if (exitCode !== 0)
    throw new StackspecError("TASK_FAILED", `expected every spec to pass, mocha exited with code ${exitCode}`, {
      subject: acceptance.suite,
      hint: `see ${report}`,
    });
}

async function inContainer(
  { specs }: ReleaseOptions,
  reference: string,
  report: string,
  context: PipelineContext,
): Promise<void> {
  if (specs === undefined)
    throw usageError("STACKSPEC_SPECS", "expected host, since this pipeline declares no specs image, got container");
  const stack = await context.session.start(await specs.stack(reference));
  try {
    const { reference: image } = await context.session.resolveImage(specs.image);
    const made = await specs.create({ image, stack: stack.values, signal: context.signal });
    if (!isContainer(made)) throw usageError("specs image", "expected a container from its factory");
    await runToEnd(
      made,
      { name: "acceptance", network: stack.id, binds: [], collects: { [specs.report]: report }, timeoutMs: undefined },
      context,
    );
  } finally {
    await stack.stop();
  }
}

/** What the report says, which has to agree with the exit code. */
function readVerdict(report: string): { passed: number; failed: number } {
  const { passed, failed } = readTotals([report]);
  if (failed > 0 || passed === 0)
    throw new StackspecError(
      "TASK_FAILED",
      `expected every acceptance spec to pass, got ${passed} passed and ${failed} failed`,
      { subject: report },
    );
  return { passed, failed };
}
