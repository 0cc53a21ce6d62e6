import type { EngineFacts } from "../engine/docker/describe.ts";

/** Something that was looked at. */
export interface Finding {
  readonly what: string;
  /** `limited`: it works, but not as it could. */
  readonly state: "fine" | "limited" | "broken";
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** All that was looked at. */
export interface Facts {
  /** Of Node and packages; `range`: what would fit. */
  readonly versions: readonly {
    readonly name: string;
    readonly found: string | undefined;
    readonly range: string;
    readonly fits: boolean;
    /** What needs it, where not everybody does. */
    readonly neededBy?: string;
  }[];
  /** Why the config file cannot be read; what is in the folder of stacks. */
  readonly project: { readonly problem?: string | undefined; readonly stacks: readonly string[] };
  /** Why nothing can be kept from run to run. */
  readonly cacheProblem: string | undefined;
  /** Or why there is none. */
  readonly engine: EngineFacts | { readonly missing: string; readonly advice: string | undefined };
  /** Of this machine. */
  readonly freeMemoryBytes: number;
  readonly images: { readonly setting: string; readonly registry: string; readonly problem: string | undefined };
  readonly snapshots: { readonly off: boolean; readonly images: number; readonly stacks: number };
  /** How many stacks are up, and how many runs have left something: of this host, and of others. */
  readonly left: { readonly up: number; readonly here: number; readonly elsewhere: number };
}

const GIB = 1024 ** 3;
/** Below this, databases are kept on disk. */
const SPARE_MEMORY = GIB;
/** An image of a database and its snapshots take about this. */
const SPARE_DISK = 2 * GIB;
/** What a stack takes at least. */
const SPARE_NETWORKS = 3;
const inGiB = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

/** What works, what does not, and what to do. */
export function diagnose(facts: Facts): Finding[] {
  const { engine } = facts;
  return [
    ...facts.versions.map(versionFinding),
    projectFinding(facts),
    facts.cacheProblem === undefined
      ? fine("cache", "can be written")
      : broken("cache", facts.cacheProblem, "set HOME to a folder that can be written"),
    ...("missing" in engine ? [broken("engine", engine.missing, engine.advice)] : engineFindings(engine, facts)),
  ];
}

function versionFinding({ name, found, range, fits, neededBy }: Facts["versions"][number]): Finding {
  const wanted = name === "node" ? `Node ${range}: https://nodejs.org` : `npm install --save-dev "${name}@${range}"`;
  if (fits) return fine(name, found!);
  if (found === undefined && neededBy !== undefined) return fine(name, `none, which ${neededBy} would need: ${wanted}`);
  return broken(name, found ?? "none", wanted);
}

function projectFinding({ project: { problem, stacks } }: Facts): Finding {
  if (problem !== undefined) return broken("project", problem, "correct it: docs/settings.md");
  return stacks.length === 0
    ? limited("project", "no stack is declared in this folder", "npx stackspec init writes one")
    : fine("project", `stacks: ${stacks.join(", ")}`);
}

function engineFindings(engine: EngineFacts, facts: Facts): Finding[] {
  const { name, version, storage, platform, local, disk, networks, mostNetworks } = engine;
  const { images, snapshots, left, freeMemoryBytes } = facts;
  const is = `${name} ${version}, ${storage}, ${platform}, ${engine.cpus} cores, ${inGiB(engine.memoryBytes)}`;
  return [
    local
      ? fine("engine", `${is}, on this machine`)
      : limited("engine", `${is}, on another machine`, "expect slower starts: databases are kept on its disk"),
    ...(storage === "vfs" ? [limited("storage", "vfs copies every layer", "use overlay2 or fuse-overlayfs")] : []),
    ...(local && freeMemoryBytes < SPARE_MEMORY
      ? [limited("memory", `${inGiB(freeMemoryBytes)} free: databases are kept on disk`, "end what is not needed")]
      : [fine("memory", local ? `${inGiB(freeMemoryBytes)} free` : "the engine's own")]),
    diskFinding(disk),
    mostNetworks !== undefined && networks > mostNetworks - SPARE_NETWORKS
      ? broken(
          "networks",
          `${networks} of about ${mostNetworks}`,
          "stackspec clean, docker network prune, or more default-address-pools",
        )
      : fine("networks", mostNetworks === undefined ? `${networks}` : `${networks} of about ${mostNetworks}`),
    imagesFinding(engine, images),
    snapshots.off
      ? limited("snapshots", "switched off: every start initialises", "STACKSPEC_SNAPSHOTS=on")
      : fine("snapshots", `${snapshots.images} images, of ${count(snapshots.stacks, "stack")}`),
    fine("up", left.up === 0 ? "no stack" : `${count(left.up, "stack")}: stackspec ps --all`),
    left.here > 0
      ? limited("leftovers", `${count(left.here, "run")} of this host left something`, "stackspec clean")
      : fine("leftovers", "none of this host"),
    ...(left.elsewhere > 0
      ? [limited("leftovers", `perhaps ${count(left.elsewhere, "run")} of other hosts`, "stackspec clean --every-host")]
      : []),
  ];
}

function diskFinding(disk: EngineFacts["disk"]): Finding {
  if (disk === undefined) return fine("disk", "not to be seen from here");
  const found = `${inGiB(disk.freeBytes)} free in ${disk.path}`;
  return disk.freeBytes < SPARE_DISK
    ? broken("disk", found, "docker image prune, stackspec clean --snapshots")
    : fine("disk", found);
}

function imagesFinding({ images: there }: EngineFacts, { setting, registry, problem }: Facts["images"]): Finding {
  const found = `${there} on the engine; images: "${setting}"`;
  if (setting === "debian" || problem === undefined) return fine("images", found);
  return limited(
    "images",
    `${found}; ${registry} does not answer: ${problem}`,
    setting === "auto"
      ? "substitutes are built from Debian's packages"
      : "images that are not there cannot be pulled: STACKSPEC_IMAGES=auto builds substitutes",
  );
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
const fine = (what: string, found: string): Finding => ({ what, state: "fine", found });
const limited = (what: string, found: string, advice: string): Finding => ({ what, state: "limited", found, advice });
const broken = (what: string, found: string, advice: string | undefined): Finding => ({
  what,
  state: "broken",
  found,
  advice,
});
