// StackspecError, ErrorCode
import { expect } from "chai";
import { StackspecError, startStack } from "stackspec";
import shop from "./define-stack.ts";

it("does not start without a database", async () => {
  const error: unknown = await startStack(shop).catch((thrown: unknown) => thrown);
  expect(error).to.be.instanceOf(StackspecError).and.have.property("code", "CONTAINER_EXITED");
});
