import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "chai";

/**
 * Who may know whom: the rooms that the files of each room may import. "types of" a room is gone
 * when the program runs. A room is a folder of `src/`, in `src/engine/` a folder of that,
 * or a file that lies there by itself.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  secrets: [],
  signals: [],
  terminal: ["secrets"],
  errors: ["secrets"],
  "project-module": ["errors"],
  config: ["project-module", "errors", "secrets"],
  declarations: ["project-module", "errors"],
  http: ["errors", "secrets"],
  stack: ["errors", "types of http"],
  report: ["errors", "secrets", "types of http"],
  sharding: ["report"],
  images: ["stack", "errors", "secrets", "types of config"],
  "engine/docker": ["images", "errors", "secrets", "types of config"],
  "engine/container": ["engine/docker", "stack", "http", "errors", "secrets"],
  "engine/drivers": ["engine/container", "errors", "secrets", "types of stack"],
  "engine/snapshot": ["engine/drivers", "engine/container", "engine/docker", "images", "stack", "errors", "secrets"],
  "engine/cleanup": ["engine/docker", "errors"],
  "engine/memory": ["engine/docker"],
  "engine/volumes": ["engine/docker", "errors"],
  "engine/kept": ["engine/cleanup", "engine/docker", "stack", "errors", "types of engine/volumes"],
  "engine/plan": [
    "engine/kept",
    "engine/volumes",
    "engine/snapshot",
    "engine/drivers",
    "engine/container",
    "engine/docker",
    "images",
    "stack",
    "http",
    "errors",
  ],
  "engine/service": [
    "engine/snapshot",
    "engine/drivers",
    "engine/container",
    "engine/docker",
    "stack",
    "http",
    "errors",
    "types of engine/plan",
    "types of images",
  ],
  "engine/faults": [
    "engine/service",
    "engine/plan",
    "engine/drivers",
    "engine/container",
    "engine/docker",
    "errors",
    "types of stack",
  ],
  "engine/reset": [
    "engine/service",
    "engine/plan",
    "engine/kept",
    "engine/volumes",
    "engine/snapshot",
    "engine/drivers",
    "engine/container",
    "engine/docker",
    "stack",
    "errors",
  ],
  "engine/run": [
    "engine/reset",
    "engine/faults",
    "engine/service",
    "engine/plan",
    "engine/kept",
    "engine/memory",
    "engine/cleanup",
    "engine/snapshot",
    "engine/drivers",
    "engine/container",
    "engine/docker",
    "images",
    "stack",
    "errors",
    "types of config",
  ],
  secret: ["engine/docker", "config", "errors"],
  mocha: [
    "engine/run",
    "engine/plan",
    "engine/kept",
    "engine/docker",
    "report",
    "stack",
    "http",
    "declarations",
    "config",
    "project-module",
    "errors",
    "terminal",
    "signals",
    "secrets",
    "types of engine/reset",
    "types of engine/faults",
  ],
  browser: ["mocha", "images", "report", "errors", "terminal"],
  pipeline: [
    "engine/run",
    "engine/container",
    "engine/docker",
    "images",
    "report",
    "stack",
    "errors",
    "secrets",
    "types of engine/plan",
    "types of config",
  ],
  cli: [
    "pipeline",
    "mocha",
    "engine/run",
    "engine/kept",
    "engine/snapshot",
    "engine/docker",
    "sharding",
    "report",
    "stack",
    "declarations",
    "config",
    "project-module",
    "errors",
    "terminal",
    "signals",
    "types of engine/plan",
    "types of images",
  ],
  index: [
    "mocha",
    "secret",
    "stack",
    "http",
    "config",
    "errors",
    "types of engine/run",
    "types of engine/reset",
    "types of engine/faults",
    "types of images",
  ],
};

/** The one room that knows a package, or several. Packages that are not named here are known to none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  testcontainers: [
    "images",
    "engine/docker",
    "types of engine/container",
    "types of engine/drivers",
    "types of engine/snapshot",
    "types of engine/service",
    "types of engine/faults",
    "types of engine/reset",
    "types of engine/run",
    "types of pipeline",
  ],
  dockerode: [
    "types of images",
    "types of engine/docker",
    "types of engine/container",
    "types of engine/snapshot",
    "types of engine/volumes",
    "types of engine/kept",
    "types of engine/plan",
    "types of engine/service",
    "types of engine/faults",
    "types of engine/reset",
    "types of pipeline",
  ],
  mysql2: ["engine/drivers"],
  pg: ["engine/drivers"],
  redis: ["engine/drivers"],
  "tar-stream": ["engine/docker", "engine/snapshot", "engine/volumes"],
  "tar-fs": ["images", "pipeline"],
  "@balena/dockerignore": ["images"],
  superagent: ["http"],
  xml: ["report"],
  preact: ["report"],
  "preact-render-to-string": ["report"],
  htm: ["report"],
  diff: ["report"],
  esbuild: ["report"],
  "fast-xml-parser": ["report", "sharding"],
  "fast-xml-builder": ["sharding"],
  valibot: ["config"],
  // The command runs mocha's own.
  mocha: ["mocha", "cli", "types of browser"],
  "playwright-core": ["browser"],
  "mocha-junit-reporter": ["mocha"],
  chai: ["mocha"],
  "chai-as-promised": ["mocha"],
  "log-update": ["cli"],
  chokidar: ["cli"],
  picocolors: ["cli"],
};

/** Rooms that do nothing but think: no files, no network, no processes. */
const WITHOUT_IO = ["secrets", "errors", "config", "stack"];

/** The only room that reads the environment and writes into it; and the file that speaks to Testcontainers by it, for want of another way. */
const KNOWS_ENVIRONMENT = /^src\/(config\/|engine\/docker\/connect\.ts$)/;

/** All others use what the last of these exports; what the reaper says goes to the run, out of its container. What an old Node is told, it must be able to read. */
const WRITE_TO_TERMINAL = [
  "src/cli/main.ts",
  "src/cli/pipeline-command.ts",
  "src/cli/prepare-target.ts",
  "src/cli/up-command.ts",
  "src/engine/cleanup/reap.ts",
  "src/engine/cleanup/reaper.ts",
  "src/terminal.ts",
];

/** The one file that imports what Testcontainers keeps to itself. */
const REACHES_INSIDE = "src/images/credentials.ts";

/** What a module holds and changes, and why nobody hands it down. */
const HOLDS_STATE: Readonly<Record<string, string>> = {
  "src/browser/attachments.ts pages": "each page of a spec is opened by a fixture that knows no other",
  "src/browser/browser-process.ts server": "a process of its own",
  "src/browser/fixture.ts shared": "one browser for spec files that mocha loads by itself",
  "src/engine/container/configure.ts appended": "a driver is handed a container and nothing else",
  "src/engine/docker/connect.ts connecting": "one for the process, as Testcontainers has its client",
  "src/engine/docker/secret.ts derived": "files that declare stacks ask while they are loaded",
  "src/engine/docker/secret.ts seed": "files that declare stacks ask while they are loaded",
  "src/http/deadline.ts leftMs": "specs make clients by themselves",
  "src/http/exchange.ts services": "specs make clients by themselves",
  "src/mocha/signal-thread.ts told": "a thread of its own",
  "src/report/bundles.ts loaded": "code, which is loaded once",
  "src/report/page-file.ts known": "what files hold, which is the same for all that read them",
  "src/terminal.ts isGuarded": "the streams are the process's",
  "src/terminal.ts unguarded": "the streams are the process's",
};

const MOST_LINES = 200;

interface Import {
  /** Relative to the project. */
  readonly from: string;
  /** Likewise, or the name of a package. */
  readonly to: string;
  /** As it is written. */
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const root = join(import.meta.dirname, "../..");
const files = new Map<string, string>();
let imports: Import[] = [];

/** Each file below a folder, with its text. */
async function readFolder(folder: string): Promise<[path: string, text: string][]> {
  const paths = await Array.fromAsync(glob(`${folder}/**/*.ts`, { cwd: root }));
  return paths.map((path) => [path, readFileSync(join(root, path), "utf8")]);
}

/** Every import and re-export, `import()` too. The formatter sees to it that each is written in one way. */
function importsOf(from: string, text: string): Import[] {
  const statements = text.matchAll(/^ *(?:import|export)( type)? (?:[^;"]*? from )?"([^"]+)";|\bimport\("([^"]+)"\)/gm);
  return [...statements].map(([, type, fixed, dynamic]) => {
    const specifier = (fixed ?? dynamic)!;
    const to = specifier.startsWith(".") ? join(from, "..", specifier) : packageOf(specifier);
    return { from, to, specifier, typeOnly: type !== undefined };
  });
}

/** "mocha" for "mocha/lib/cli/cli.js". */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** "engine/run" for "src/engine/run/start.ts", "errors" for "src/errors.ts". */
function roomOf(path: string): string {
  return relative("src", path).replace(/^(engine\/[^/]*|[^/]*?)(\/|\.ts$).*/, "$1");
}

const isOurs = ({ to }: Import): boolean => to.startsWith("src/");
const allows = (allowed: readonly string[], name: string, typeOnly: boolean): boolean =>
  allowed.includes(name) || (typeOnly && allowed.includes(`types of ${name}`));
const shown = ({ from, to }: Import): string => `${from} imports ${to}`;

describe("the architecture", () => {
  before("read src/", async () => {
    for (const [path, text] of await readFolder("src")) files.set(path, text);
    imports = [...files].flatMap(([path, text]) => importsOf(path, text));
  });

  it("has no room that its table does not name", () => {
    expect(new Set([...files.keys()].map(roomOf))).to.deep.equal(new Set(Object.keys(ROOMS)));
  });

  for (const [room, allowed] of Object.entries(ROOMS))
    it(`lets ${room} import ${allowed.length === 0 ? "nothing else" : `only ${allowed.join(", ")}`}`, () => {
      const offenders = imports.filter(
        (each) =>
          isOurs(each) &&
          roomOf(each.from) === room &&
          roomOf(each.to) !== room &&
          !allows(allowed, roomOf(each.to), each.typeOnly),
      );
      expect(offenders.map(shown)).to.deep.equal([]);
    });

  it("runs a pipeline without anything of mocha's, which would make a run of its own", () => {
    expect(reachedFrom("src/cli/pipeline-command.ts").filter((path) => roomOf(path) === "mocha")).to.deep.equal([]);
  });

  it("has no arrow that runs back, not even of types: each room is named after those that it may import", () => {
    const rooms = Object.keys(ROOMS);
    const offenders = Object.entries(ROOMS).flatMap(([room, allowed]) =>
      allowed
        .map((each) => each.replace("types of ", ""))
        .filter((each) => rooms.indexOf(each) >= rooms.indexOf(room))
        .map((each) => `${room} imports ${each}`),
    );
    expect(offenders).to.deep.equal([]);
  });

  it("has no permission in its table that no import needs, nor one to run what is needed for its types alone", () => {
    const needed = new Set(
      imports
        .filter((each) => isOurs(each) && roomOf(each.from) !== roomOf(each.to))
        .map(({ from, to, typeOnly }) => `${roomOf(from)} imports ${typeOnly ? "types of " : ""}${roomOf(to)}`),
    );
    const granted = Object.entries(ROOMS).flatMap(([room, allowed]) =>
      allowed.map((each) => `${room} imports ${each}`),
    );
    expect(granted.filter((each) => !needed.has(each))).to.deep.equal([]);
  });

  it("lets each package be known to its own rooms only", () => {
    const offenders = imports.filter(
      (each) =>
        !isOurs(each) &&
        !each.to.startsWith("node:") &&
        // What TypeScript is told of a package is no import of it.
        !each.from.endsWith(".d.ts") &&
        !allows(PACKAGES[each.to] ?? [], roomOf(each.from), each.typeOnly),
    );
    expect(offenders.map(shown)).to.deep.equal([]);
  });

  it(`lets only ${REACHES_INSIDE} import from inside Testcontainers and its modules`, () => {
    const inside = imports.filter(({ specifier }) => /^(testcontainers|@testcontainers\/[^/]+)\//.test(specifier));
    expect(inside.map(({ from }) => from)).to.deep.equal([REACHES_INSIDE]);
  });

  it("reaches for the members of Testcontainers by one file", () => {
    const casts = [...files].filter(([, text]) => /\b(container|made)\b as unknown as\b/.test(text));
    expect(casts.map(([path]) => path)).to.deep.equal(["src/engine/container/internals.ts"]);
  });

  it(`keeps ${WITHOUT_IO.join(", ")} free of input and output`, () => {
    const offenders = imports.filter(({ from, to }) => WITHOUT_IO.includes(roomOf(from)) && to.startsWith("node:"));
    expect(offenders.map(shown)).to.deep.equal([]);
  });

  for (const folder of ["src", "containers/app/src", "specs"])
    it(`has no circle of imports in ${folder}, not even of types`, async () => {
      const within = (await readFolder(folder)).flatMap(([path, text]) => importsOf(path, text));
      expect(within).not.to.be.empty;
      expect(circles(within)).to.deep.equal([]);
    });

  it("reads the environment in one room; others pass it on to a process they start", () => {
    const readers = [...files].filter(([, text]) => /(?<!\.\.\.)\bprocess\.env\b/.test(text)).map(([path]) => path);
    expect(readers.filter((path) => !KNOWS_ENVIRONMENT.test(path))).to.deep.equal([]);
  });

  it("writes to the terminal in one room, and where a live list is drawn", () => {
    const writers = [...files].filter(([, text]) => /\bconsole\.|\bprocess\.(stdout|stderr)\b/.test(text));
    expect(writers.map(([path]) => path).toSorted()).to.deep.equal(WRITE_TO_TERMINAL);
  });

  it("has mutable state of a module only where this table says so, with its reason", () => {
    const empty = String.raw`new (?:Map|Set|WeakMap|WeakSet)(?:<.*>)?\(\)|\[\]|\{\}`;
    const held = new RegExp(String.raw`^(?:export )?(?:let (\w+)\b|const (\w+)\b.* = (?:${empty});$)`, "gm");
    const found = [...files].flatMap(([path, text]) =>
      [...text.matchAll(held)].map(([, changed, filled]) => `${path} ${changed ?? filled}`),
    );
    expect(found.toSorted()).to.deep.equal(Object.keys(HOLDS_STATE).toSorted());
  });

  it("has no folder for what found no place of its own", () => {
    const offenders = [...files.keys()].filter((path) => /\/(utils?|helpers?|common|misc|types)(\/|\.ts$)/.test(path));
    expect(offenders).to.deep.equal([]);
  });

  it(`has no file of more than ${MOST_LINES} lines`, () => {
    const lengths = [...files].map(([path, text]) => ({ path, lines: text.trimEnd().split("\n").length }));
    expect(lengths.filter(({ lines }) => lines > MOST_LINES)).to.deep.equal([]);
  });

  for (const index of ["src/index.ts", "src/browser/index.ts", "src/engine/drivers/index.ts", "src/pipeline/index.ts"])
    it(`has explicit re-exports in ${index} and nothing else`, () => {
      const rest = files.get(index)!.replaceAll(/^export (type )?\{[^}]*\} from "[^"]+";$/gm, "");
      expect(rest.trim()).to.equal("");
    });
});

/** The files that are loaded with a file. */
function reachedFrom(file: string): string[] {
  const reached = new Set([file]);
  // A set gives what is added to it on the way, too.
  for (const each of reached)
    for (const { from, to, typeOnly } of imports) if (from === each && !typeOnly) reached.add(to);
  return [...reached];
}

/** Each circle once, as "a → b → a". */
function circles(edges: readonly Import[]): string[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.add([...path.slice(start), file].join(" → "));
    if (start >= 0 || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return [...found];
}
