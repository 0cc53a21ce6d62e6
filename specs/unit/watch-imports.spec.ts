import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import { importersOf } from "../../src/cli/watch-imports.ts";

describe("the spec files that an edit concerns", () => {
  let folder = "";
  before("write modules that load each other", () => {
    folder = mkdtempSync(join(tmpdir(), "stackspec-imports-"));
    const files = {
      "one.spec.ts": 'import { a } from "./a.ts";\nimport type { T } from "./types.ts";',
      "two.spec.ts": 'const b = await import("./b.js");',
      "three.spec.js": 'const c = require("./c");\n// "./a.ts"',
      "a.ts": 'export * from "./shared.ts";\nimport "./b.ts";',
      "b.ts": 'import "./a.ts";',
      "c.js": "",
      "types.ts": "",
      "shared.ts": "",
    };
    for (const [file, code] of Object.entries(files)) writeFileSync(join(folder, file), code);
  });
  after("they are gone", () => rmSync(folder, { recursive: true }));

  const importers = async (file: string): Promise<string> => {
    const specs = ["one.spec.ts", "two.spec.ts", "three.spec.js"].map((each) => join(folder, each));
    return (await importersOf(join(folder, file), specs)).map((each) => basename(each)).join(" ");
  };

  it("are a spec file itself", async () => {
    expect(await importers("one.spec.ts")).to.equal("one.spec.ts");
  });

  it("are those that load it, by whatever way", async () => {
    expect(await importers("types.ts")).to.equal("one.spec.ts");
    expect(await importers("c.js")).to.equal("three.spec.js");
  });

  it("are those that load what loads it, also in a circle", async () => {
    expect(await importers("shared.ts")).to.equal("one.spec.ts two.spec.ts");
    expect(await importers("b.ts")).to.equal("one.spec.ts two.spec.ts");
  });

  it("are none of what no spec file loads", async () => {
    expect(await importers("else.ts")).to.equal("");
  });
});
