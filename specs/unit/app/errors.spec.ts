import { expect } from "chai";
import { reasonOf } from "../../../containers/app/src/errors.ts";

describe("the reason of a failure of the app", () => {
  it("is one line", () => {
    expect(reasonOf(new Error("no database\n  at all"))).to.equal("no database at all");
  });

  it("is the code of an error that says nothing, as Node's of several addresses", () => {
    const error = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
    expect(reasonOf(error)).to.equal("ECONNREFUSED");
  });

  it("is the name of an error that has no code either", () => {
    expect(reasonOf(new AggregateError([]))).to.equal("AggregateError");
  });

  it("is whatever was thrown that is no error", () => {
    expect(reasonOf("out of paper")).to.equal("out of paper");
  });
});
