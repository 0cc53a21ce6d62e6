/** How a volume is made. */
export interface VolumeOptions {
  /**
   * It is kept in memory, and holds so many MiB, at most 1,024: what it needs to be filled by a fault. A stack with such a volume
   * does not stay up between runs. Default: it is on the engine's disk, and holds as much as that.
   */
  readonly sizeMb?: number;
}

/** Storage that services of one stack share. Made empty with the stack, removed with it. */
export interface Volume {
  readonly kind: "volume";
  readonly name: string;
  readonly options: VolumeOptions;
  /** This volume, mounted at an absolute path; `"ro"` for reading only. */
  at(path: string, mode?: "rw" | "ro"): Mount;
}

/** A volume at its place in a container. */
export interface Mount {
  readonly volume: Volume;
  readonly path: string;
  readonly mode: "rw" | "ro";
}
