import { expect } from "chai";
import { StackspecError, isBadInput, isBadInputText, usageError } from "../../src/errors.ts";

describe("bad input", () => {
  for (const code of ["USAGE", "IMAGE_NOT_FOUND", "REGISTRY_UNREACHABLE", "REGISTRY_DENIED"] as const)
    it(`is what ${code} says`, () => {
      expect(isBadInput(new StackspecError(code, "no"))).to.equal(true);
    });

  for (const code of ["ENGINE_UNREACHABLE", "IMAGE_BUILD_FAILED", "TASK_FAILED", "CANCELLED"] as const)
    it(`is not what ${code} says`, () => {
      expect(isBadInput(new StackspecError(code, "no"))).to.equal(false);
    });

  it("is no other error, whatever its code", () => {
    expect(isBadInput(Object.assign(new Error("no"), { code: "USAGE" }))).to.equal(false);
    expect(isBadInput(undefined)).to.equal(false);
  });

  it("is about a setting, a file or a command", () => {
    expect(usageError("STACK", "expected one").sentence).to.equal("USAGE: STACK: expected one");
  });
});

describe("the message of an error from another process", () => {
  for (const [message, isBad] of [
    ["USAGE: STACK: expected a name", true],
    ["IMAGE_NOT_FOUND: mysql:9.9", true],
    ["TASK_FAILED: migrate", false],
    ["it said USAGE: no", false],
    ["USAGE", false],
    ["USAGE: ", true],
    ["", false],
  ] as const)
    it(`${isBad ? "is" : "is not"} that of bad input: "${message}"`, () => {
      expect(isBadInputText(message)).to.equal(isBad);
    });
});
