import { createHash } from "node:crypto";
import { expect } from "chai";
import { GenericContainer } from "testcontainers";
import { Unknowable, declarationOf } from "../../src/engine/container/declaration.ts";
import type { Declaration } from "../../src/engine/container/declaration.ts";

/** The declaration of a container with these fields of its own. */
function having(fields: object): Declaration {
  return declarationOf(Object.assign(new GenericContainer("example:1"), fields));
}
const told = (fields: object): string => JSON.stringify(having(fields).told);

describe("the declaration of a container", () => {
  it("has the texts of the fields that a subclass adds, and no others", () => {
    expect(declarationOf(new GenericContainer("example:1").withCommand(["a"])).texts).to.deep.equal([]);
    expect(having({ text: "a", number: 1, list: ["b", null], object: { key: "c" } }).texts).to.deep.equal([
      "a",
      "b",
      "c",
    ]);
  });

  for (const [what, one, other] of [
    ["a text", "a", "b"],
    ["a number", 1, 2],
    ["a switch", true, false],
    ["null", null, 0],
    ["a list", ["a", "b"], ["b", "a"]],
    ["an object", { key: "a" }, { key: "b" }],
    ["an object without a prototype", Object.assign(Object.create(null), { key: "a" }), { key: "b" }],
    ["bytes", Buffer.from("a"), Buffer.from("b")],
  ])
    it(`is another for another value of a field that holds ${what}`, () => {
      expect(told({ field: one })).not.to.equal(told({ field: other }));
    });

  it("holds a field that is not set", () => {
    expect(told({ field: undefined })).not.to.equal(told({}));
  });

  it("holds the digest of bytes in their place", () => {
    const bytes = Buffer.from("a long one");
    expect(told({ bytes })).to.contain(createHash("sha256").update(bytes).digest("hex"));
  });

  it("is another for another content that is copied", () => {
    const [one, other] = ["a", "b"].map((content) =>
      declarationOf(new GenericContainer("example:1").withCopyContentToContainer([{ content, target: "/a" }])),
    );
    expect(one!.told).not.to.deep.equal(other!.told);
  });

  it("holds labels whose names only contain those that stackspec and Testcontainers give", () => {
    const labelled = (label: string) => declarationOf(new GenericContainer("example:1").withLabels({ [label]: "a" }));
    expect(labelled("org.example.dev.stackspec.run").told).not.to.deep.equal(labelled("dev.stackspec.run").told);
  });

  for (const [what, value, path] of [
    ["a function", () => {}, "field"],
    ["a map", new Map(), "field"],
    ["a symbol", Symbol("a"), "field"],
    ["a date in an object", { key: new Date(0) }, "field.key"],
    ["a map in a list", ["a", new Map()], "field[1]"],
  ] as const)
    it(`cannot be known with ${what} in a field, and says where`, () => {
      expect(() => having({ field: value })).to.throw(
        Unknowable,
        `keeps in its field ${path} what is no plain data, and cannot be compared`,
      );
    });

  for (const options of ["createOpts", "hostConfig"] as const)
    it(`cannot be known with what is no data in ${options}, and says where`, () => {
      const container = new GenericContainer("example:1");
      const name = options === "createOpts" ? "User" : "IpcMode";
      Object.assign((container as unknown as Record<typeof options, object>)[options], { [name]: () => {} });
      expect(() => declarationOf(container)).to.throw(Unknowable, `keeps in its field ${options}.${name} what is no`);
    });

  it("cannot be known with an object that holds itself", () => {
    const endless: Record<string, unknown> = {};
    endless["self"] = endless;
    expect(() => having({ endless })).to.throw(
      Unknowable,
      /^keeps in its field endless\.self\.self\.self\.self\.self\.self\.se… what has no end$/,
    );
  });

  it("cannot be known with a list that holds itself", () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => having({ endless })).to.throw(Unknowable, /^keeps in its field endless\[0\].*… what has no end$/);
  });
});
