import { expect } from "chai";
import { eventually, useTarget } from "stackspec";

describe("the health of", () => {
  const web = useTarget();

  for (const part of ["app", "database", "celery", "tickers-loaded", "quotes-updated"])
    it(part, async () => {
      await eventually(
        () => expect(web.get(`/health/${part}`)).to.eventually.have.nested.property("body.status", "healthy"),
        { timeoutMs: 30_000 },
      );
    });
});
