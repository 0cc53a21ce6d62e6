import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const root = join(import.meta.dirname, "../..");
const ENTRIES = ["src/index.ts", "src/browser/index.ts", "src/engine/drivers/index.ts", "src/pipeline/index.ts"];
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The names that an entry of the package exports; those of types apart. */
function exportsOf(entry: string): { values: string[]; types: string[] } {
  const named = [...read(entry).matchAll(/^export (type )?\{([^}]*)\}/gm)].map(([, type, list]) => ({
    isType: type !== undefined,
    names: list!.split(",").flatMap((name) => name.trim() || []),
  }));
  const of = (isType: boolean): string[] =>
    named.filter((each) => each.isType === isType).flatMap(({ names }) => names);
  return { values: of(false), types: of(true) };
}

/** Each example in docs/examples/, by the names in its first line. */
const examples = new Map(
  readdirSync(join(root, "docs/examples")).flatMap((file) => {
    const [first = "", ...rest] = read(`docs/examples/${file}`).split("\n");
    return first
      .replace("// ", "")
      .split(", ")
      .map((name) => [name, rest.join("\n")] as const);
  }),
);

describe("the package's interface", () => {
  for (const entry of ENTRIES) {
    const { values, types } = exportsOf(entry);

    it(`has an example for each name that ${entry} exports`, () => {
      expect([...values, ...types].filter((name) => !examples.has(name))).to.deep.equal([]);
    });

    it(`shows in it each value that ${entry} exports`, () => {
      const unused = values.filter((name) => !new RegExp(`\\b${name}\\b`).test(examples.get(name) ?? ""));
      expect(unused).to.deep.equal([]);
    });
  }

  it("has no example of what is not exported", () => {
    const exported = new Set(ENTRIES.map(exportsOf).flatMap(({ values, types }) => [...values, ...types]));
    expect([...examples.keys()].filter((name) => !exported.has(name))).to.deep.equal([]);
  });
});
