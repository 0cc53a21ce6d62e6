// useBrowser, BrowserUse
import { expect } from "chai";
import { useTarget } from "stackspec";
import { useBrowser } from "stackspec/browser";

describe("the page", () => {
  useTarget();
  const page = useBrowser({ viewport: { width: 400, height: 800 } });

  it("has a heading", async () => {
    await page.goto("/");
    await expect(page.getByRole("heading").first().textContent()).to.eventually.equal("Shop");
  });
});
