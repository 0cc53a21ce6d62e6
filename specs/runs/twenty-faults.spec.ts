import { join } from "node:path";
import axe from "axe-core";
import type { AxeResults } from "axe-core";
import { expect } from "chai";
import type { Browser, Locator, Page } from "playwright-core";
import { requireEngine } from "stackspec";
import { launchChromium } from "../report/browser.ts";
import { FAULTS } from "./twenty-faults.ts";
import type { Fault } from "./twenty-stack-faults.ts";
import { runTwentyFaults } from "./twenty-project.ts";

/** A service where it is named as such, and not as part of a path. */
const namedAs = (service: string): RegExp =>
  new RegExp(`^[A-Z_]+: ${service}: | (to|waits for) ${service}\\b|service "${service}"`, "m");

describe("the HTML report of a project with many faults, to somebody who does not see the terminal", function () {
  this.timeout(300_000);
  requireEngine();
  let browser: Browser | undefined;
  let project: Awaited<ReturnType<typeof runTwentyFaults>>;
  let page: Page;

  before("its suites have run, and Chromium shows their report", async function () {
    browser = await launchChromium();
    if (browser === undefined) {
      if (process.env["CI"])
        throw new Error("expected a Chromium, and nobody but root on Debian can have one installed");
      this.skip();
    }
    project = await runTwentyFaults();
    page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`file://${join(project.reports, "index.html")}`);
  });
  after("they are gone", async () => {
    await browser?.close();
    project?.remove();
  });

  /** The place of a failed spec or hook, opened. */
  const openRow = async ({ suite, spec = "hook" }: Fault): Promise<Locator> => {
    const heading = new RegExp(`(^| › )${suite}( |$)`);
    const section = page.locator(".list section", { has: page.locator("h3", { hasText: heading }) });
    const row = section.locator("li", { has: page.locator(".name", { hasText: spec }) }).first();
    if (!(await row.locator(".failure").isVisible())) await row.locator("summary").first().click();
    await row.locator(".failure").waitFor();
    return row;
  };

  for (const fault of FAULTS)
    it(`explains ${fault.fault}`, async () => {
      const row = await openRow(fault);
      const seen = await row.innerText();
      for (const words of fault.cause) expect(seen).to.include(words);
      expect(seen, "its service").to.match(namedAs(fault.service));
      if (fault.line === undefined) return;
      const [service, text] = fault.line;
      const log = row.getByLabel(`log of ${service}`);
      const line = log.locator(".line", { hasText: text }).last();
      const [outer, inner] = [(await log.boundingBox())!, (await line.boundingBox())!];
      expect(inner.y, "the upper end of the line").to.be.at.least(outer.y - 1);
      expect(inner.y + inner.height, "the lower end").to.be.at.most(outer.y + outer.height + 1);
    });

  for (const colorScheme of ["light", "dark"] as const)
    it(`has nothing that axe finds fault with, and nothing wider than 400 pixels: ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 400, height: 800 });
      for (const fault of FAULTS) await openRow(fault);
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).to.deep.equal([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.equal(400);
    });
});
