// requireEngine
import { requireEngine } from "stackspec";

describe("what takes a container", () => {
  requireEngine();
  it("is pending where no engine answers, and fails there in CI", () => {});
});
