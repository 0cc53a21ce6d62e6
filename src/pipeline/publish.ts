import { join } from "node:path";
import { isNotFound } from "../engine/docker/connect.ts";
import { usageError } from "../errors.ts";
import { writeAtomically } from "../report/write.ts";
import { maskedJson } from "../secrets.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { PublishStage } from "./pipeline.ts";
import { deploy } from "./deploy.ts";
import { readRevision } from "./git.ts";
import type { Revision } from "./git.ts";
import { readRecord, recordFile, sha256, verifyArtefact } from "./record.ts";
import type { Manifest, ReleaseRecord } from "./record.ts";
import { openRegistry } from "./push.ts";
import type { StageResult } from "./outcome.ts";
import { tagsFor } from "./tags.ts";

const MAIN_BRANCH = "main";

/** Tags and pushes the image that `release` has recorded: that ID and no other. */
export async function publish(stage: PublishStage, context: PipelineContext): Promise<StageResult> {
  const { config, settings, runtime, say } = context;
  const { from, options } = stage;
  if (settings.registry === undefined) throw noRegistry();
  const released = readRecord(from);
  const manifest = readRecord(from.from);
  const revision = await readRevision(settings.branch);
  const { mainBranch = MAIN_BRANCH } = options;
  await checkReleased(stage, released, manifest);
  checkRevision(manifest, revision, settings.allowDirty);
  const tags = tagsFor({
    version: manifest.version,
    ...revision,
    mainBranch,
    build: settings.build,
    extra: settings.tags,
  });

  const found = await runtime.docker
    .getImage(released.reference)
    .inspect()
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  if (found?.Id !== released.image)
    throw usageError(
      released.reference,
      `expected the image ${released.image} that passed, ${found === undefined ? "found none" : `it is ${found.Id} now`}: ${again(from.name)}`,
    );

  const repository = `${settings.registry}/${options.repository}`;
  const registry = await openRegistry(repository, context);
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
    writeAtomically(join(config.folders.reports, "publish.json"), `${maskedJson(report, 2)}\n`);
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
    context,
  );
  return { outcomes: [outcome], notes };
}

/** The image stands on the artefact as it is, and its acceptance report is the one that let it pass. */
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
  const found = await sha256(acceptance.report).catch(() => undefined);
  if (found !== acceptance.sha256)
    throw usageError(
      acceptance.report,
      `expected the report that "${from.name}" has recorded, it ${found === undefined ? "is not there" : "has changed since"}: ${again(from.name)}`,
    );
}

/**
 * What is pushed is what stands in git.
 *
 * @throws StackspecError `USAGE` for an artefact of another revision, and, unless that is allowed, of a dirty tree
 */
export function checkRevision(
  manifest: Pick<Manifest, "revision" | "dirty">,
  { hash, dirty }: Pick<Revision, "hash" | "dirty">,
  allowDirty: boolean,
): void {
  if (manifest.revision !== hash)
    throw usageError(
      "git",
      `expected an artefact of revision ${hash.slice(0, 12)}, it is of ${manifest.revision.slice(0, 12)}: build again (npx stackspec pipeline)`,
    );
  if (allowDirty) return;
  if (dirty.length > 0)
    throw usageError(
      "git",
      `expected a clean tree, ${dirty[0]}${dirty.length === 1 ? "" : ` and ${dirty.length - 1} more`} is not committed: commit, or set STACKSPEC_ALLOW_DIRTY=1`,
    );
  if (manifest.dirty)
    throw usageError(
      "git",
      "expected an artefact of a clean tree, it was built in a dirty one: build again (npx stackspec pipeline)",
    );
}

/** Said before anything else is done. */
export function noRegistry(): Error {
  return usageError("STACKSPEC_REGISTRY", "expected a registry such as registry.example:5000/team, got nothing");
}

function again(stage: string): string {
  return `release again (npx stackspec stage ${stage})`;
}
