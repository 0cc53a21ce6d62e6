// Packs into dist/specs.tar the acceptance specs, stackspec and the packages that both need, as the lock has them: no installation,
// no network, and the same for every machine, since none of them is compiled.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "../..");
const dist = join(import.meta.dirname, "dist");
const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
  packages: Readonly<Record<string, Locked>>;
};

/** Where Node finds a package from the folder of another: beside it, or further out. */
function locate(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    const path = join(folder, "node_modules", name);
    if (packages[path] !== undefined) return path;
    if (folder === "") return undefined;
  }
}

const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly [field: string]: unknown;
};
/** Beside what stackspec needs: what the specs do, and what lets Debian's Node read TypeScript. */
const peers = Object.keys(manifest.peerDependencies).filter(
  (name) => manifest.peerDependenciesMeta[name]?.optional !== true,
);
const needed = [...Object.keys(manifest.dependencies), ...peers, "fast-check", "amaro"];

const found = new Set<string>();
const queue = needed.map((name) => ({ name, from: "" }));
for (const { name, from } of queue) {
  const path = locate(name, from);
  if (path === undefined) throw new Error(`expected ${name} in package-lock.json, found nothing`);
  if (found.has(path)) continue;
  found.add(path);
  const { dependencies = {}, peerDependencies = {} } = packages[path]!;
  const beside = Object.keys(peerDependencies).filter((peer) => locate(peer, path) !== undefined);
  queue.push(...[...Object.keys(dependencies), ...beside].map((next) => ({ name: next, from: path })));
}

const stage = await mkdtemp(join(tmpdir(), "specs-"));
try {
  for (const path of ["src", "specs/acceptance", ".mocharc.yml", ...found])
    await cp(join(root, path), join(stage, path), { recursive: true });
  await cp(join(root, "containers/app/dev/typescript.mjs"), join(stage, "typescript.mjs"));
  const { name, version, type, exports, engines, peerDependencies } = manifest;
  await writeFile(
    join(stage, "package.json"),
    `${JSON.stringify({ name, version, type, exports, engines, peerDependencies }, undefined, 2)}\n`,
  );
  await mkdir(dist, { recursive: true });
  // One file, because builds pass over folders named node_modules.
  await promisify(execFile)("tar", ["-c", "-f", join(dist, "specs.tar"), "-C", stage, "."]);
} finally {
  await rm(stage, { recursive: true });
}
