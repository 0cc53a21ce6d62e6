import { expect } from "chai";
import { useStack } from "stackspec";
import release from "../stacks/release.ts";

/** The tasks have run before the first spec: had one failed, the stack would not be up, and the run be red. */
describe("the tests in the image", () => {
  const stack = useStack(release);

  it("pass, each function by itself", () => {
    expect(stack.unit.output).to.match(/\d+ passed/);
  });

  it("pass with a real Redis, when STACKSPEC_PROFILES=testing", function () {
    if (stack.integration === undefined) return this.skip();
    expect(stack.integration.output).to.match(/\d+ passed/);
  });
});
