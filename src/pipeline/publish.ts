import { existsSync } from "node:fs";
import { join } from "node:path";
import { isNotFound } from "../engine/docker/connect.ts";
import { usageError } from "../errors.ts";
import { writeAtomically } from "../report/write.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { PublishStage } from "./pipeline.ts";
import { deploy } from "./deploy.ts";
import { readRevision } from "./git.ts";
import { readRecord, recordFile, sha256, verifyArtefact } from "./record.ts";
import type { Manifest, ReleaseRecord } from "./record.ts";
import { openRegistry } from "./push.ts";
import type { StageResult } from "./outcome.ts";
import { tagsFor } from "./tags.ts";

const MAIN_BRANCH = "main";
const REPORT = join("reports", "publish.json");

/** Tags and pushes the image that `release` has recorded: that ID and no other. */
export async function publish(stage: PublishStage, bench: PipelineContext): Promise<StageResult> {
  const { settings, runtime, say } = bench;
  const { from, options } = stage;
  if (settings.registry === undefined) throw noRegistry();
  const released = readRecord(from);
  const manifest = readRecord(from.from);
  const revision = await readRevision(settings.branch);
  const { mainBranch = MAIN_BRANCH } = options;
  await checkReleased(stage, released, manifest);
  checkRevision(manifest, revision.hash, revision.dirty, settings.allowDirty, from.from.name);
  const tags = tagsFor({
    version: manifest.version,
    ...revision,
    mainBranch,
    build: settings.build,
    extra: settings.tags,
  });

  const image = runtime.docker.getImage(released.image);
  await image.inspect().catch((error: unknown) => {
    throw isNotFound(error)
      ? usageError(
          released.image,
          `expected the image that "${from.name}" has recorded, it is not on this engine: ${again(from.name)}`,
        )
      : error;
  });
  const { Id } = await runtime.docker
    .getImage(released.reference)
    .inspect()
    .catch(() => ({ Id: "no image" }));
  if (Id !== released.image)
    throw usageError(
      released.reference,
      `expected the image ${released.image} that passed, it is ${Id} now: ${again(from.name)}`,
    );

  const repository = `${settings.registry}/${options.repository}`;
  const registry = await openRegistry(repository, bench);
  const pushed: Record<string, string> = {};
  try {
    // One after the other: the first takes the layers there, and a registry may answer 500 to one manifest under two tags at once.
    for (const tag of tags) {
      pushed[tag] = await registry.push(released.image, tag);
      say(`  pushed ${repository}:${tag} ${pushed[tag]}`);
    }
  } finally {
    // Also half way: what is in the registry has to be known.
    const report = {
      repository,
      image: released.image,
      revision: manifest.revision,
      version: manifest.version,
      tags: pushed,
    };
    writeAtomically(REPORT, `${JSON.stringify(report, undefined, 2)}\n`);
  }

  const [digest] = Object.values(pushed);
  const notes = [`${repository}@${digest}`, `tags ${tags.join(", ")}`];
  if (settings.deployHook === undefined) return { outcomes: [], notes };
  if (revision.branch !== mainBranch)
    return {
      outcomes: [],
      notes: [...notes, `not deployed: ${revision.branch ?? "a detached head"} is not ${mainBranch}`],
    };
  const outcome = await deploy(
    settings.deployHook,
    { image: `${repository}@${digest}`, tags, revision: manifest.revision, version: manifest.version },
    bench,
  );
  return { outcomes: [outcome], notes };
}

/** The image stands on the artefact as it is, and its acceptance report is there and green. */
async function checkReleased(
  { from }: PublishStage,
  { manifest: digest, acceptance }: ReleaseRecord,
  manifest: Manifest,
): Promise<void> {
  await verifyArtefact(from.from, manifest);
  if ((await sha256(recordFile(from.from))) !== digest)
    throw usageError(
      recordFile(from.from),
      `expected the artefact that "${from.name}" has tested, it has been built anew: ${again(from.name)}`,
    );
  if (!existsSync(acceptance.report))
    throw usageError(
      acceptance.report,
      `expected the report of the acceptance specs, found nothing: ${again(from.name)}`,
    );
  if ((await sha256(acceptance.report)) !== acceptance.sha256)
    throw usageError(
      acceptance.report,
      `expected the report that "${from.name}" has recorded, it has changed since: ${again(from.name)}`,
    );
  if (acceptance.failed > 0 || acceptance.passed === 0)
    throw usageError(
      acceptance.report,
      `expected every acceptance spec to pass, got ${acceptance.failed} failed: ${again(from.name)}`,
    );
}

function checkRevision(
  manifest: Manifest,
  hash: string,
  dirty: readonly string[],
  allowDirty: boolean,
  build: string,
): void {
  if (manifest.revision !== hash)
    throw usageError(
      "git",
      `expected an artefact of revision ${hash.slice(0, 12)}, it is of ${manifest.revision.slice(0, 12)}: build again (npm run pipeline)`,
    );
  if (allowDirty) return;
  if (dirty.length > 0)
    throw usageError(
      "git",
      `expected a clean tree, ${dirty[0]}${dirty.length === 1 ? "" : ` and ${dirty.length - 1} more`} is not committed: commit, or set STACKSPEC_ALLOW_DIRTY=1`,
    );
  if (manifest.dirty)
    throw usageError("git", `expected an artefact of a clean tree, "${build}" ran in a dirty one: npm run pipeline`);
}

/** Said before anything else is done. */
export function noRegistry(): Error {
  return usageError("STACKSPEC_REGISTRY", "expected a registry such as registry.example:5000/team, got nothing");
}

function again(stage: string): string {
  return `release again (npm run stage -- ${stage})`;
}
