import { StackspecError, messageOf } from "../../errors.ts";
import type { Node } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { createHelper } from "./fault-helper.ts";
import type { Helper } from "./fault-helper.ts";

/** Where services with a clock of their own have `clock.so`, and each a file that says how far its clock is shifted. */
export const CLOCKS = "/stackspec/clock";

/** Whether a node has a clock that can be shifted. */
export const hasOwnClock = (node: Node): boolean => node.kind === "service" && node.options.ownClock === true;

/** Whether a volume can be filled. */
export const isSized = ({ options }: Volume): boolean => options.sizeMb !== undefined;

/** What a node with a clock of its own is started with. */
export const ownClock = (volume: string, { name }: Node): { bind: string; environment: Record<string, string> } => ({
  bind: `${volume}:${CLOCKS}:ro,nocopy`,
  environment: { LD_PRELOAD: `${CLOCKS}/clock.so`, STACKSPEC_CLOCK: `${CLOCKS}/${name}` },
});

/**
 * Makes the volume of clocks, unless it is there, and sets all of them right: a run that was killed may have left them shifted.
 *
 * @throws StackspecError `CREATE_FAILED`
 */
export async function createClocks(Name: string, services: readonly Node[], owner: Helper): Promise<void> {
  const [first] = services;
  if (first === undefined) return;
  await owner.runtime.docker.createVolume({ Name, Labels: { ...owner.labels } });
  const helper = await createHelper(owner, {
    // Where a program has its file mapped, it must not become shorter.
    Entrypoint: ["sh", "-c", 'for each; do dd if=/dev/zero of="$each" bs=8 count=1 conv=notrunc || exit; done', "sh"],
    Cmd: services.map(({ name }) => name),
    WorkingDir: CLOCKS,
    // An empty volume is given what its image has there.
    HostConfig: { Binds: [`${Name}:${CLOCKS}`] },
  });
  await helper.start();
  const { StatusCode } = (await helper.wait()) as { StatusCode: number };
  await helper.remove({ force: true });
  if (StatusCode !== 0)
    throw new StackspecError("CREATE_FAILED", `its clock cannot be made: the helper exited with ${StatusCode}`, {
      subject: first.name,
      hint: "the image of the setting faultImage has to have what containers/faults/Dockerfile has",
    });
}

/**
 * Makes volumes that have a size: file systems in memory. The engine forgets such a volume whenever no container has it
 * mounted, as between a task and the service that is started after it, so that one container has them all from the beginning.
 *
 * @throws StackspecError `CREATE_FAILED`
 */
export async function createSizedVolumes(
  volumes: readonly { readonly volume: Volume; readonly Name: string }[],
  owner: Helper,
): Promise<void> {
  const [first] = volumes;
  if (first === undefined) return;
  try {
    for (const { volume, Name } of volumes)
      await owner.runtime.docker.createVolume({
        Name,
        Labels: { ...owner.labels },
        Driver: "local",
        DriverOpts: { type: "tmpfs", device: "tmpfs", o: `size=${volume.options.sizeMb}m` },
      });
    const holder = await createHelper(owner, {
      Entrypoint: ["sleep", "infinity"],
      HostConfig: { Binds: volumes.map(({ Name }, index) => `${Name}:/volumes/${index}:nocopy`) },
    });
    await holder.start();
  } catch (cause) {
    if (cause instanceof StackspecError) throw cause;
    throw new StackspecError("CREATE_FAILED", `a volume with a size cannot be made: ${messageOf(cause)}`, {
      subject: first.volume.name,
      hint: "the engine has to have the driver local, with file systems in memory",
      cause,
    });
  }
}
