import { expect } from "chai";
import { useStack } from "stackspec";
import release from "../stacks/release.ts";

describe("the image", () => {
  const stack = useStack(release);

  it("passes its unit tests against PostgreSQL", () => {
    expect(stack.unit.output).to.match(/^OK$/m);
  });

  it("passes these specs from within the stack's network, when STACKSPEC_PROFILES=inside", function () {
    if (stack.inside === undefined) return this.skip();
    expect(stack.inside.output).to.match(/passing/);
  });
});
