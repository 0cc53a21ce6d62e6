import { usageError } from "../../errors.ts";
import type { Volume } from "../../stack/volume.ts";
import { isSized } from "../plan/fault-volumes.ts";
import { isTakenOver } from "../plan/plan.ts";
import type { Part } from "./reset-part.ts";
import { listedFolder, writersOf } from "../plan/resources.ts";
import type { StackStart } from "../plan/stack-start.ts";
import { takeVolumeBaseline } from "../volumes/volume-baseline.ts";
import type { Kept } from "../volumes/volume-baseline.ts";

/**
 * A volume as one of the things that are reset, noted as what writes there while it starts has left it.
 *
 * @throws StackspecError `USAGE` when all that write there are made anew by a reset
 */
export async function volumePart({ run, plan }: StackStart, volume: Volume): Promise<Part> {
  const { name } = volume;
  const writers = writersOf(run.stack, volume);
  await Promise.all(writers.map((writer) => run.waitFor(writer)));
  const writer = writers.find(({ options }) => options.reset !== "recreate");
  if (writer === undefined)
    throw usageError(writers[0]!.name, `reset: "recreate": expected another service that writes to the volume ${name}`);
  const { container } = await run.containers.get(writer)!.done;
  const { path } = writer.options.mounts!.find((mount) => mount.volume === volume && mount.mode === "rw")!;
  const { runtime, volumeName } = await run.resources(plan);
  // One in memory is where the engine has mounted it, which may be nowhere to be seen from here.
  const folder = isSized(volume) ? undefined : await listedFolder(runtime, volumeName(volume));
  const note = async (kept?: Kept): Promise<Part> => {
    const baseline = await takeVolumeBaseline({ name, container, path, folder }, kept, (why) =>
      run.context.onProgress({
        kind: "notice",
        text: `a reset cannot bring back the volume ${name} where specs change or remove files: ${why}`,
      }),
    );
    return { name, volume: baseline, reset: () => baseline.reset() };
  };
  const kept = plan.reusable?.volume(name);
  // What writes there and was started anew may have left something else.
  const isNoted = writers.every((each) => isTakenOver(each, plan));
  return { ...(await note(isNoted ? kept : kept && { ...kept, record: undefined })), note: () => note() };
}
