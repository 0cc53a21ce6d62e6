import { expect } from "chai";
import { StackspecError, isBadInput, usageError } from "../../src/errors.ts";

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
