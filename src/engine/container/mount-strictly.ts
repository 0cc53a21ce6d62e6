import type { Internals } from "./internals.ts";

/** A path or a volume, where it is mounted, and whether it can be written: nothing that the other form cannot say. */
const STRICT = /^[^:]+:[^:]*(:r[ow])?$/;

/**
 * Has a container mount paths of the engine's machine in the form that is refused where there is none, for of the other form
 * engines make an empty folder; and the stack's volumes in the form that has labels, for an engine makes a volume again that
 * was removed while it was busy with the container. Options such as SELinux's need the other form.
 *
 * @param ours what it mounts of the stack's
 */
export function mountStrictly(
  hostConfig: Internals["hostConfig"],
  ours: readonly string[],
  labels: Readonly<Record<string, string>>,
): void {
  const binds = hostConfig.Binds ?? [];
  const isStrict = (bind: string): boolean => STRICT.test(bind) && (bind.startsWith("/") || ours.includes(bind));
  const mounts = binds.filter(isStrict).map((bind) => {
    const [Source, Target, mode] = bind.split(":") as [string, string, string?];
    const mount = { Source, Target, ReadOnly: mode === "ro" };
    if (bind.startsWith("/")) return { ...mount, Type: "bind" as const };
    const DriverConfig = { Name: "", Options: {} };
    return { ...mount, Type: "volume" as const, VolumeOptions: { NoCopy: false, Labels: { ...labels }, DriverConfig } };
  });
  hostConfig.Binds = binds.filter((bind) => !isStrict(bind));
  if (mounts.length > 0) hostConfig.Mounts = [...(hostConfig.Mounts ?? []), ...mounts];
}
