import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** An engine that the specs are run on. */
export interface Engine {
  readonly name: string;
  /** What is said of it beside its name and version. */
  readonly what: string;
  /** Started for this, by `engine.sh`; else it is the one that the machine has. */
  readonly isOwn: boolean;
}

export const ENGINES: readonly Engine[] = [
  { name: "machine", what: "this machine's", isOwn: false },
  { name: "docker-containerd", what: "containerd image store", isOwn: true },
  { name: "docker-overlay2", what: "overlay2", isOwn: true },
  { name: "docker-remote", what: "another address, TCP with TLS, no shared files", isOwn: true },
  { name: "podman", what: "rootful", isOwn: true },
  { name: "podman-rootless", what: "rootless", isOwn: true },
];

/** What stands before a command that is to run on an engine: it starts that one, which ends with this process, however that ends. */
export function within({ name, isOwn }: Engine): string[] {
  return isOwn ? ["setpriv", "--pdeathsig", "TERM", join(import.meta.dirname, "engine.sh"), name] : [];
}

/** Specs that are run together, with a report of their own. */
export interface Step {
  readonly name: string;
  /** What they are about. */
  readonly what: string;
  /** The words of the command. */
  readonly words: readonly string[];
  /** Whether its database has a password of this run's own, so that an earlier run has left no snapshot of it. */
  readonly hasSecret?: boolean;
  /** Why these specs are not run on some engines. */
  readonly without?: Readonly<Record<string, string>>;
}

/** Where the reports of each engine are, in a folder of its name. */
export const REPORTS = join("reports", "engines");

const filesOf = (suite: string, ...names: string[]): string[] => [
  "run",
  suite,
  ...names.map((name) => join("specs", suite, `${name}.spec.ts`)),
];

const BY_SOCKET = { "docker-remote": "these specs stand between a run and the engine's socket" };

const CAPABILITIES: readonly Step[] = [
  { name: "acceptance", what: "acceptance specs on the release stack", words: ["start"], hasSecret: true },
  { name: "restored", what: "the same, from its snapshot", words: ["start"], hasSecret: true },
  {
    name: "doors",
    what: "ports on loopback only, users, capabilities",
    words: filesOf("integration", "doors"),
    without: { "docker-remote": "it has no loopback interface that is this machine's: see elsewhere" },
  },
  {
    name: "elsewhere",
    what: "an engine at another address: ports, mounts that are not there, refusals",
    words: filesOf("integration", "engine-elsewhere"),
  },
  { name: "mounts", what: "folders, volumes", words: filesOf("integration", "mounted-folder", "volumes") },
  {
    name: "refusals",
    what: "what the engine cannot give, as an error",
    words: filesOf("integration", "failures-engine"),
    without: BY_SOCKET,
  },
  { name: "builds", what: "images built and pulled", words: filesOf("integration", "images", "failures-images") },
  {
    name: "order",
    what: "starts, stops, exits, logs",
    words: filesOf("integration", "order", "stop", "container-log"),
  },
  {
    name: "reset",
    what: "resets of MySQL and volumes",
    words: filesOf("integration", "reset", "reset-when", "reset-mysql", "volume-baseline"),
  },
  { name: "snapshot", what: "snapshots made and restored", words: filesOf("integration", "snapshot-layers") },
  {
    name: "unusable",
    what: "snapshots that do not start",
    words: [...filesOf("runs", "unusable-snapshot"), "--grep", "is dropped with one line"],
  },
  { name: "faults", what: "services cut off, slowed down, paused, killed", words: filesOf("integration", "faults") },
  { name: "keep", what: "kept stacks", words: filesOf("runs", "keep") },
  { name: "parallel", what: "parallel workers", words: filesOf("runs", "parallel") },
  {
    name: "kills",
    what: "clean-up after kill -9",
    words: [...filesOf("runs", "guards"), "--grep", "killed|nameless"],
  },
  {
    name: "publish",
    what: "test, build, release, publish",
    words: filesOf("runs", "pipeline"),
  },
];

export const STEPS: readonly Step[] = [
  ...CAPABILITIES,
  {
    name: "integration",
    what: "all other specs of the integration suite",
    words: filesOf("integration", ...otherFiles()),
    without: BY_SOCKET,
  },
];

function otherFiles(): string[] {
  const covered = new Set(CAPABILITIES.flatMap(({ words }) => words.map((word) => basename(word))));
  const files = readdirSync(join("specs", "integration")).filter((file) => file.endsWith(".spec.ts"));
  return files.filter((file) => !covered.has(file)).map((file) => basename(file, ".spec.ts"));
}

/** Those that are asked for by name, in the order in which they stand there; all of them where none is. */
export function named<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): T[] {
  const wanted = names?.split(",") ?? all.map(({ name }) => name);
  const unknown = wanted.filter((each) => !all.some(({ name }) => name === each));
  if (unknown.length === 0) return all.filter(({ name }) => wanted.includes(name));
  console.error(`expected some of ${all.map(({ name }) => name).join(", ")}, got ${unknown.join(", ")}`);
  process.exit(2);
}
