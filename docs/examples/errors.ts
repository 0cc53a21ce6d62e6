// StackspecError, ErrorCode, ErrorDetails
import { expect } from "chai";
import { StackspecError, startStack } from "stackspec";
import type { ErrorDetails } from "stackspec";
import shop from "./define-stack.ts";

it("does not start without a database", async () => {
  const error: unknown = await startStack(shop).catch((thrown: unknown) => thrown);
  expect(error).to.be.instanceOf(StackspecError).and.have.property("code", "CONTAINER_EXITED");
});

/** What a fixture of one's own may throw: it is told, and masked, as any other. */
export function usage(what: string, details: ErrorDetails): StackspecError {
  return new StackspecError("USAGE", what, details);
}
