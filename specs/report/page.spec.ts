import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { AxeResults } from "axe-core";
import { expect } from "chai";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium } from "./browser.ts";
import { SECRET, storedRuns } from "./stored.ts";

/** Where the pictures of what was looked at are. */
const PICTURES = "reports/screenshots";

describe("the HTML report in a browser", function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let runs: Awaited<ReturnType<typeof storedRuns>>;
  let page: Page;
  /** What the browser asked for, and what it complained of. */
  const asked: string[] = [];
  const complaints: string[] = [];

  before("Chromium runs", async function () {
    this.timeout(300_000);
    browser = await launchChromium();
    if (browser === undefined) {
      if (process.env["CI"])
        throw new Error("expected a Chromium, and nobody but root on Debian can have one installed");
      this.skip();
    }
    mkdirSync(PICTURES, { recursive: true });
    runs = await storedRuns();
  });
  after("it is gone", async () => {
    await browser?.close();
    runs?.remove();
  });

  /** Opens the report as somebody does who has its file. */
  const open = async (options: BrowserContextOptions = {}, address = ""): Promise<Page> => {
    const opened = await browser!.newPage(options);
    opened.on("request", (request) => asked.push(request.url()));
    opened.on("console", (message) => complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(error.message));
    await opened.goto(`file://${runs.folder}/index.html${address}`);
    return opened;
  };
  beforeEach("open", async () => {
    page = await open();
    page.setDefaultTimeout(20_000);
  });
  afterEach("close", () => page.close());

  const spec = (name: string) => page.locator("li", { has: page.locator(".name", { hasText: name }) }).first();
  const openSpec = async (name: string) => {
    await spec(name).locator("summary").first().click();
    return spec(name);
  };
  const names = () => page.locator(".list .name").allTextContents();
  const filter = (label: string) => page.getByRole("button", { name: label, exact: false }).first().click();
  const picture = (name: string) => page.screenshot({ path: join(PICTURES, `report-${name}.png`), fullPage: true });

  it("asks for nothing but its own file", () => {
    expect(new Set(asked)).to.deep.equal(new Set([`file://${runs.folder}/index.html`]));
  });

  it("gives the browser nothing to complain of", () => {
    expect(complaints).to.deep.equal([]);
  });

  it("allows no script but its own", async () => {
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = 3";
      document.body.append(script);
    });
    expect(await page.evaluate("window.injected")).to.equal(undefined);
    complaints.length = 0;
  });

  it("says how many failed, and how many passed", async () => {
    expect(await page.locator("h1").textContent()).to.equal("3 specs failed");
    expect(await page.locator("header p").textContent()).to.match(/4 specs passed, 3 failed, 1 skipped, 1 flaky/);
  });

  it("shows what failed first", async () => {
    expect(await names())
      .to.have.lengthOf(3)
      .and.include.members(["takes an order", "gives back what it has"]);
  });

  for (const [label, expected] of [
    ["Flaky", ["wavers"]],
    ["Slow", ["takes its time"]],
    ["Skipped", ["is left out"]],
    ["New failures", ["takes an order"]],
  ] as const)
    it(`shows by the filter "${label}" those specs only`, async () => {
      await filter(label);
      expect(await names()).to.deep.equal(expected);
    });

  it("finds specs by words of their names", async () => {
    await filter("All");
    await page.getByLabel("Search").fill("order lists");
    expect(await names()).to.deep.equal(["lists orders"]);
  });

  it("opens the spec that its address names", async () => {
    const link = await spec("takes an order").locator("a.link").getAttribute("href");
    const other = await open({}, link!);
    expect(await other.locator("li.named .failure .message").textContent()).to.equal("expected 500 to equal 201");
    await other.close();
  });

  it("shows what was expected and what was found, line by line", async () => {
    const failure = await openSpec("gives back what it has");
    const difference = failure.locator(".difference").first();
    expect(await difference.locator("del").last().textContent()).to.match(/^- +"title": "walk the cat"\n$/);
    expect(await difference.locator("ins").last().textContent()).to.match(/^\+ +"title": "walk the dog"\n$/);
  });

  it("shows the line at which a spec failed", async () => {
    const failure = await openSpec("takes an order");
    expect(await failure.locator(".snippet .here").textContent()).to.match(/expect\(response\.status\)\.to\.equal/);
    await picture("failure");
  });

  it("shows each request with its answer, and that this was another one than expected", async () => {
    const exchange = (await openSpec("takes an order")).locator(".exchange");
    expect(await exchange.locator("summary").first().textContent()).to.match(/POST \/crash.*500.*ms/s);
    expect(await exchange.locator(".differs").textContent()).to.equal("The spec expected 201.");
  });

  it("shows the body of an answer as far as it differs from what was expected", async () => {
    const exchange = (await openSpec("gives back what it has")).locator(".exchange");
    expect(await exchange.locator("ins").last().textContent()).to.include('"title": "walk the dog"');
  });

  it("shows JSON with a line for each field", async () => {
    const body = (await openSpec("takes an order")).getByLabel("body of the answer");
    expect(await body.textContent()).to.match(/^\{\n {2}"title": "walk the dog",\n/);
  });

  it("shows headers when they are asked for", async () => {
    const headers = (await openSpec("takes an order")).locator(".headers").first();
    expect(await headers.locator("dl").isVisible()).to.equal(false);
    await headers.locator("summary").click();
    expect(await headers.locator("dl").textContent()).to.include("Authorization***");
  });

  it("copies a request as a command, with its secrets masked", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await (await openSpec("takes an order")).getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("copied", { exact: true }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied)
      .to.match(/^curl --include --request POST 'http:\/\/127\.0\.0\.1:\d+\/crash'/)
      .and.include(String.raw`it'\''s a dog`)
      .and.include("--header 'Authorization: ***'");
  });

  it("shows what a service wrote while the spec ran, and nothing from before", async () => {
    const log = (await openSpec("takes an order")).getByLabel("log of web");
    expect(await log.textContent())
      .to.include('ERROR: relation "orders" does not exist')
      .and.not.include("GET /orders");
  });

  it("has no secret in it", () => {
    expect(readFileSync(join(runs.folder, "index.html"), "utf8")).not.to.include(SECRET);
  });

  it("takes titles and logs of others for text, and shows controls in them", async () => {
    await filter("All");
    expect(await page.evaluate("window.injected")).to.equal(undefined);
    expect(await page.locator("img").count()).to.equal(0);
    expect((await names()).at(-1)).to.match(/^<\/script><script>.*> \\u001b\[2J\\u202etxt$/);
  });

  it("has one time axis for phases, services, specs, requests and logs", async () => {
    const lanes = await page.locator(".lane-name").allTextContents();
    expect(lanes).to.include.members(["phases", "db", "web", "specs", "HTTP of failed specs", "web wrote"]);
    expect(await page.getByRole("img", { name: /^web: / }).getAttribute("aria-label")).to.include("web waiting for db");
  });

  it("shows on the axis what happened while a spec ran", async () => {
    const failure = await openSpec("takes an order");
    await failure.getByRole("button", { name: "Show on the time axis" }).click();
    const seen = await page.getByLabel("What happened in view").textContent();
    expect(seen).to.include("asked for POST /crash").and.include('spec "takes an order" (failed)');
    await picture("axis");
  });

  it("zooms and moves its time axis by keys, and shows all of it again", async () => {
    const shown = page.locator(".controls output");
    const all = await shown.textContent();
    await page.locator(".axis").focus();
    await page.keyboard.press("+");
    const zoomed = await shown.textContent();
    await page.keyboard.press("ArrowRight");
    const moved = await shown.textContent();
    await page.keyboard.press("0");
    expect(new Set([all, zoomed, moved]).size).to.equal(3);
    expect(await shown.textContent()).to.equal(all);
  });

  it("tells the moments below the axis apart, however far it is zoomed", async () => {
    await page.locator(".axis").focus();
    for (let zooms = 0; zooms < 20; zooms += 1) await page.keyboard.press("+");
    const marks = await page.locator(".ticks span").allTextContents();
    expect(new Set(marks).size).to.equal(5);
  });

  it("lists on the axis one service alone when told to", async () => {
    await page.locator(".entries select").selectOption("web");
    const lines = (await page.getByLabel("What happened in view").textContent())!.trim().split("\n");
    expect(lines.every((line) => / web {2}/.test(line))).to.equal(true);
  });

  it("tells what is otherwise than in the run before", async () => {
    const since = page.locator("details.since");
    expect(await since.locator("summary").textContent()).to.match(/^1 new failure, 1 fixed, 1 slower/);
    await since.locator("summary").click();
    expect(await since.textContent())
      .to.include("is fixed")
      .and.match(/takes its time: .* → /);
  });

  it("tells machine, versions, phases and the slowest specs", async () => {
    const facts = await page.locator(".facts").textContent();
    for (const fact of ["machine", process.versions.node, "load specs", "takes its time"])
      expect(facts).to.include(fact);
  });

  for (const colorScheme of ["light", "dark"] as const)
    it(`has nothing that axe finds fault with: ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      for (const name of ["takes an order", "gives back what it has"]) await openSpec(name);
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).to.deep.equal([]);
      await picture(colorScheme);
    });

  it("can be read at 400 pixels: nothing is wider", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    await openSpec("gives back what it has");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.equal(400);
    await picture("narrow");
  });

  it("shows without scripts how the run went, and what failed", async () => {
    const plain = await open({ javaScriptEnabled: false });
    expect(await plain.locator("h1").textContent()).to.equal("3 specs failed");
    expect(await plain.locator(".list .name").allTextContents()).to.include("takes an order");
    await plain.close();
  });
});
