import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";

const root = join(import.meta.dirname, "../..");

/** All that lies at the top, by what it is for. */
const TOP = {
  documents: ["docs", "README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"],
  code: ["src", "specs", "containers", "examples", "reports"],
  npm: ["package.json", "package-lock.json"],
  // Each tool looks for its settings here and nowhere else.
  tools: [
    "tsconfig.json",
    "tsconfig.build.json",
    ".mocharc.yml",
    ".oxlintrc.json",
    ".oxfmtrc.json",
    "knip.json",
    "stryker.config.js",
    "stryker.secrets.js",
    "stackspec.config.ts",
  ],
  git: [".gitignore", ".gitattributes"],
  ci: [".github", ".ci", ".gitlab-ci.yml", "Jenkinsfile", ".circleci"],
};

/** What is true on one machine only: folders of its users, and registries that only it can reach. */
const OF_ONE_MACHINE = [
  /(?<![\w.$}/-])\/(?:work|home(?!\/node\b)|root|Users|mnt|private)\/\w/,
  /\bC:\\/i,
  /https?:\/\/(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d/,
  /https?:\/\/[\w.-]*(?:artifactory|jfrog|nexus|codeartifact|\.internal\b|\.corp\b)/i,
];

let tracked: string[] = [];
const texts = new Map<string, string>();

describe("the repository", () => {
  before("ask git", () => {
    const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
    tracked = listed.filter((path) => path !== "" && existsSync(join(root, path)));
    for (const path of tracked) texts.set(path, readFileSync(join(root, path), "utf8"));
  });

  it("has nothing at its top that has no place there", () => {
    const top = new Set(tracked.map((path) => path.split("/")[0]!));
    expect([...top].filter((name) => !Object.values(TOP).flat().includes(name))).to.deep.equal([]);
  });

  it("has none of the files that runs and builds write", () => {
    const written = /(^|\/)(node_modules|dist)\/|^reports\/(?!\.gitkeep$)|\.tgz$|\.tmp$/;
    expect(tracked.filter((path) => written.test(path))).to.deep.equal([]);
  });

  it("names nothing that is there on one machine only", () => {
    const lines = [...texts]
      // This file has to.
      .filter(([path]) => !import.meta.filename.endsWith(path))
      .flatMap(([path, text]) => text.split("\n").map((line, index) => ({ place: `${path}:${index + 1}`, line })));
    const offenders = lines.filter(({ line }) => OF_ONE_MACHINE.some((pattern) => pattern.test(line)));
    expect(offenders).to.deep.equal([]);
  });

  it("tells nobody to run a script of package.json's, which only this repository has", () => {
    const lines = [...texts]
      .filter(([path]) => /^src\/.*\.ts$/.test(path))
      .flatMap(([path, text]) => text.split("\n").map((line, index) => ({ place: `${path}:${index + 1}`, line })));
    // What comments say is for who works here.
    const told = lines.filter(({ line }) => line.includes("npm run ") && !/^\s*(?:\/\/|\/?\*)/.test(line));
    expect(told).to.deep.equal([]);
  });

  it("leaves to each machine where its packages come from", () => {
    expect(tracked.filter((path) => path.endsWith(".npmrc"))).to.deep.equal([]);
    expect(texts.get("package-lock.json")).not.to.match(/"resolved": "https?:/);
  });

  it("has a line for each file of src/ in the map of CONTRIBUTING.md", () => {
    const map = texts
      .get("CONTRIBUTING.md")!
      .split("\n")
      .filter((line) => line.startsWith("|"));
    const folders = new Map<string, string[]>();
    let folder = "src/";
    for (const [cell] of map.map((line) => line.slice(1).split("|"))) {
      const [, heading] = /\*\*`(.*)`\*\*/.exec(cell!) ?? [];
      if (heading !== undefined) folder = heading;
      const names = [...cell!.matchAll(/`([^`]+\.ts)`/g)].map(([, name]) =>
        name!.startsWith("src/") ? name! : folder + name!,
      );
      folders.set(folder, [...(folders.get(folder) ?? []), ...names]);
    }
    const sources = tracked.filter((path) => /^src\/.*\.ts$/.test(path));
    expect([...folders.values()].flat().filter((path) => path.startsWith("src/"))).to.have.members(sources);
  });

  it("has no link in a document that leads nowhere", () => {
    expect(links().filter(({ path }) => !existsSync(join(root, path)))).to.deep.equal([]);
  });

  it("has no link to a heading that is not there", () => {
    const toHeadings = links().filter(({ path, heading }) => heading !== "" && path.endsWith(".md"));
    expect(toHeadings.filter(({ path, heading }) => !headings(path).includes(heading))).to.deep.equal([]);
  });
});

/** Every link between the documents, as the file it is in, the file it leads to, and the heading there. */
function links(): { from: string; path: string; heading: string }[] {
  return [...texts]
    .filter(([from]) => from.endsWith(".md"))
    .flatMap(([from, text]) =>
      [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, target = "", heading = ""]) => ({
        from,
        path: target === "" ? from : join(dirname(from), target),
        heading,
      })),
    );
}

/** The names that GitHub gives to the headings of a document, and those that it has itself. */
function headings(path: string): string[] {
  const text = texts.get(path) ?? "";
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return [...titles, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id!)];
}
