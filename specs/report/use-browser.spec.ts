import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "stackspec";
import { findChromium } from "../../src/browser/chromium.ts";
import type { Ctrf, CtrfTest } from "../../src/report/ctrf.ts";
import { launchChromium } from "./browser.ts";
import { command } from "./stored.ts";

describe("useBrowser", function () {
  this.timeout(120_000);
  let folder: string;
  /** Where the runs put what is temporary. */
  let temporary: string;
  before("a run is over", async () => {
    folder = mkdtempSync(join(tmpdir(), "stackspec-pages-"));
    temporary = mkdtempSync(join(tmpdir(), "stackspec-temporary-"));
    await command(["run", "pages", "specs/report/fixtures/pages.ts"], folder, { TMPDIR: temporary });
  });
  after("it is gone", () => {
    for (const each of [folder, temporary]) rmSync(each, { recursive: true, force: true });
  });

  const results = () => (JSON.parse(readFileSync(join(folder, "pages.ctrf.json"), "utf8")) as Ctrf).results;
  const spec = (name: string): CtrfTest => results().tests.find((test) => test.name.includes(name))!;
  const told = (name: string) => spec(name).extra?.logs?.find(({ service }) => service === "browser")?.lines;
  const attached = (name: string) => spec(name).attachments?.map(({ contentType }) => contentType);
  const reason = (name: string) => spec(name).message?.replaceAll(/127\.0\.0\.1:\d+/g, "HOST");
  const processes = () =>
    readdirSync("/proc").filter((id) => /^\d+$/.test(id) && commandOf(id).includes(`--user-data-dir=${temporary}`));

  it("lets specs pass whose pages give no cause for complaint, each on a page of its own", () => {
    const passed = results().tests.filter(({ status }) => status === "passed");
    expect(passed.map(({ name }) => name)).to.deep.equal([
      "passes",
      "has a page of its own after them",
      "passes, though its page writes an error",
    ]);
  });

  for (const [name, message] of [
    ["has a page that writes an error", "console error: no price for the dog lead (http://HOST/noisy:1)"],
    [
      "has a page that throws, and a callback",
      "uncaught: TypeError: Cannot read properties of undefined (reading 'total')",
    ],
    [
      "has a request that is answered with an error",
      "console error: Failed to load resource: the server responded with a status of 404 (Not Found) (http://HOST/nothing:1)",
    ],
    ["has a request that is not answered", "request failed: GET http://HOST/prices: net::ERR_CONNECTION_REFUSED"],
  ] as const)
    it(`fails a spec that ${name}, alone and once`, () => {
      expect(reason(name)?.split("\n")[0]).to.equal(
        `PAGE_FAILED: browser: expected nothing to complain of, got ${message}`,
      );
    });

  it("lets what a spec itself fails with be its error", () => {
    expect(reason("fails by itself")).to.equal("expected 'Shop' to equal 'Cart'");
  });

  it("shows what the page of a failed spec told", () => {
    expect(told("fails by itself")?.map((line) => line.replace(/HOST|127\S+(?=\/)/, "HOST"))).to.deep.equal([
      "GET http://HOST/ answered 200",
      "console log: the cart is empty",
    ]);
  });

  it("says what a page was waited for, before mocha says that it took too long", () => {
    expect(reason("waits for what")).to.include("waiting for getByRole('button', { name: 'Buy' })");
  });

  it("attaches a screenshot and a trace to a failed spec, and to a hook that failed", () => {
    for (const name of ["fails by itself", '"before each" hook'])
      expect(attached(name)).to.deep.equal(["image/png", "application/zip"]);
    const [screenshot, trace] = spec("fails by itself").attachments!.map(({ path }) => readFileSync(path));
    expect(screenshot!.subarray(1, 4).toString()).to.equal("PNG");
    expect(trace!.subarray(0, 2).toString()).to.equal("PK");
  });

  it("attaches no trace where none is wanted", () => {
    expect(attached("fails without a trace")).to.deep.equal(["image/png"]);
  });

  it("leaves nothing of specs that passed", () => {
    expect(readdirSync(join(folder, "attachments")).filter((name) => /passes|of-its-own/.test(name))).to.be.empty;
  });

  it("names these files in the XML", () => {
    const xml = readFileSync(join(folder, "pages.xml"), "utf8");
    for (const { path } of spec("fails by itself").attachments!) expect(xml).to.include(`[[ATTACHMENT|${path}]]`);
  });

  it("has the HTML report show the screenshot", async () => {
    const browser = (await launchChromium())!;
    const page = await browser.newPage();
    await page.goto(`file://${folder}/index.html#${spec("fails by itself").testId}`);
    const item = page.locator("li", { has: page.locator(".name", { hasText: "fails by itself" }) }).first();
    await item.locator("summary").first().click();
    const picture = item.getByAltText("The page when the spec failed");
    await eventually(async () =>
      expect(await picture.evaluate((it) => (it as HTMLImageElement).naturalWidth)).to.equal(1280),
    );
    await browser.close();
  });

  it("leaves no process and no temporary file behind", () => {
    expect({ files: readdirSync(temporary), processes: processes() }).to.deep.equal({ files: [], processes: [] });
  });

  for (const SIGNAL of ["SIGKILL", "SIGTERM"])
    it(`leaves neither when the run is ended by ${SIGNAL} while a page is open`, async () => {
      await command(["run", "killed", "specs/report/fixtures/page-killed.ts"], folder, { TMPDIR: temporary, SIGNAL });
      await eventually(
        () =>
          expect({ files: readdirSync(temporary), processes: processes() }).to.deep.equal({ files: [], processes: [] }),
        { timeoutMs: 30_000 },
      );
    });

  it("says what to install where there is no Chromium", async () => {
    const chromium = { executablePath: () => join(folder, "none") };
    await expect(findChromium({ chromium }, false, () => {}, [])).to.be.rejectedWith(
      "USAGE: browser: expected a Chromium, found none: npx playwright-core install chromium, or, on Debian, apt-get install chromium",
    );
  });
});

function commandOf(processId: string): string {
  const path = `/proc/${processId}/cmdline`;
  try {
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}
