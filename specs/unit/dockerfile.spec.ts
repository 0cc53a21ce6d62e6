import { expect } from "chai";
import { basesOf, withBases } from "../../src/images/dockerfile.ts";

describe("the images that a Dockerfile stands on", () => {
  for (const [told, dockerfile, bases] of [
    ["a literal name", "FROM node:24-slim\n", ["node:24-slim"]],
    ["an argument's default", "ARG BASE=debian:trixie-slim\nFROM ${BASE}\n", ["debian:trixie-slim"]],
    ["arguments in a name", "ARG TAG=24 VARIANT='slim'\nFROM node:$TAG-${VARIANT}\n", ["node:24-slim"]],
    ["an argument of an argument", 'ARG V=3\nARG BASE="python:${V}"\nFROM $BASE', ["python:3"]],
    ["a default in its place", "FROM node:${TAG:-22}\n", ["node:22"]],
    ["several stages", "FROM a AS build\nRUN x\nfrom b as run\nCOPY --from=build /x /x\n", ["a", "b"]],
    ["one image twice", "FROM a AS b\nFROM a\n", ["a"]],
    ["a stage of its own", "FROM a AS Build\nFROM build\n", ["a"]],
    ["what it copies from", "FROM a\nCOPY --chown=1:1 --from=redis:8 /x /x\n", ["a", "redis:8"]],
    ["a platform", "FROM --platform=$BUILDPLATFORM a AS b\n", ["a"]],
    ["nothing at all", "FROM scratch\nCOPY --from=0 /x /x\n", []],
    ["what nobody has said", "ARG BASE\nFROM ${BASE}\n", []],
    ["a comment", "# FROM b\nFROM a # no\nRUN echo FROM c\n", ["a"]],
    ["an argument of a stage", "ARG B=a\nFROM $B\nARG B=c\nFROM $B\n", ["a"]],
  ] as const)
    it(`are found: ${told}`, () => {
      expect(basesOf(dockerfile)).to.deep.equal(bases);
    });

  it("are those up to the stage that is built", () => {
    expect(basesOf("FROM a AS one\nFROM b AS Two\nFROM c\n", "two")).to.deep.equal(["a", "b"]);
  });

  it("are replaced where they stand, and nothing else is", () => {
    const dockerfile = "ARG BASE=a:1\nFROM ${BASE} AS a\nRUN echo a:1\nFROM --platform=x b AS c\nCOPY --from=b /b /b\n";
    const references = new Map([
      ["a:1", "local/a:2"],
      ["b", "local/b"],
    ]);
    expect(withBases(dockerfile, references)).to.equal(
      "ARG BASE=a:1\nFROM local/a:2 AS a\nRUN echo a:1\nFROM --platform=x local/b AS c\nCOPY --from=local/b /b /b\n",
    );
  });

  it("stay as they are written where their names mean themselves", () => {
    const dockerfile = "ARG BASE=a\nFROM ${BASE}\n";
    expect(withBases(dockerfile, new Map([["a", "a"]]))).to.equal(dockerfile);
  });
});
