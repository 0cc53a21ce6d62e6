import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { packageVersions, satisfies, unfit } from "../../src/cli/versions.ts";

const source = join(import.meta.dirname, "../../src");

describe("a version", () => {
  for (const [version, range, fits] of [
    ["22.22.0", ">=22.22", true],
    ["22.21.9", ">=22.22", false],
    ["26.0.0", ">=22.22", true],
    ["18.20.8", ">=22.22", false],
    ["11.8.0", "^11.8.0 || ^12.0.0", true],
    ["11.7.9", "^11.8.0 || ^12.0.0", false],
    ["12.0.3", "^11.8.0 || ^12.0.0", true],
    ["13.0.0", "^11.8.0 || ^12.0.0", false],
    ["6.3.1", "^6.3.0", true],
    ["6.3.0", "^6.3.1", false],
    ["12.10.0", "^12.2.0", true],
  ] as const)
    it(`${version} is ${fits ? "" : "not "}in ${range}`, () => {
      expect(satisfies(version, range)).to.equal(fits);
    });

  it("of Node that is too old is refused with both versions", () => {
    expect(unfit("20.20.2")).to.match(/^USAGE: node: expected Node >=\d+\.\d+, got 20\.20\.2 — /);
  });

  it("of a package that not every project needs is told with what needs it", () => {
    const { peerDependenciesMeta } = JSON.parse(readFileSync(join(source, "../package.json"), "utf8")) as {
      peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
    };
    const optional = packageVersions().filter((each) => each.neededBy !== undefined);
    expect(optional.map(({ name }) => name)).to.have.members(Object.keys(peerDependenciesMeta));
  });

  it("of everything here fits", () => {
    expect(unfit()).to.equal(undefined);
  });

  it("is looked at before anything is imported that an old Node cannot read", () => {
    const imported = new Set<string>();
    const visit = (file: string): void => {
      const text = readFileSync(join(source, file), "utf8");
      for (const [, name] of text.matchAll(/^import (?!type).*? from "([^"]+)";/gm)) {
        const path = name!.startsWith(".") ? join(file, "..", name!) : name!;
        if (imported.has(path)) continue;
        imported.add(path);
        if (!path.startsWith("node:")) visit(path);
      }
    };
    visit("cli/main.ts");
    expect([...imported]).to.have.members(["node:module", "node:path", "node:fs", "cli/versions.ts"]);
  });
});
