// Makes the pictures of the README anew: `npm run pictures`. They are of a run on the stack that STACK names.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnsiUp } from "ansi_up";
import type { Page } from "playwright-core";
import { launchChromium } from "../report/browser.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "docs/pictures");
/** What a picture may have, in bytes: whoever clones the repository takes all that there ever were. */
const MOST_BYTES = 160_000;
const WIDTH = 1000;

/** What a run writes, in its order, as on a terminal with colours. Two specs of it fail. */
async function runSpecs(reports: string, ...more: string[]): Promise<string> {
  const words = ["start", "--silent", "--", "specs/pictures/fixtures/todos.ts", ...more];
  const env = { ...process.env, MOCHA_COLORS: "1", JUNIT_REPORT_PATH: `${reports}/` };
  const path = join(reports, "terminal.txt");
  await using output = await open(path, "w");
  const child = spawn("npm", words, { cwd: root, env, stdio: ["ignore", output.fd, output.fd] });
  const [exitCode] = await once(child, "exit");
  const text = await readFile(path, "utf8");
  if (exitCode !== 1) throw new Error(`expected specs to fail, got exit code ${exitCode}:\n${text}`);
  // Where this repository and its reports lie concerns nobody.
  return text.replaceAll(`file://${root}/`, "").replaceAll(`${root}/`, "").replaceAll(reports, "reports");
}

/** A page that looks like a terminal. */
function terminal(text: string): string {
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  // At this size a letter is 8 pixels wide: it looks the same wherever it stands, and the picture has half the bytes.
  const style = `
    body { margin: 0; }
    pre { margin: 0; padding: 14px 18px; width: ${WIDTH}px; box-sizing: border-box; background: #fff; color: #24292f;
      font: 13.29px/1.35 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
    .ansi-red-fg { color: #cf222e; } .ansi-green-fg { color: #116329; } .ansi-yellow-fg { color: #7d4e00; }
    .ansi-cyan-fg { color: #1b7c83; } .ansi-bright-black-fg { color: #57606a; }`;
  return `<style>${style}</style><pre>$ npm start\n${ansi.ansi_to_html(text.replaceAll(/\n{3,}/g, "\n\n").trim())}</pre>`;
}

async function picture(name: string, take: (path: string) => Promise<unknown>): Promise<void> {
  const path = join(folder, `${name}.png`);
  await take(path);
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw new Error(`${path}: expected at most ${MOST_BYTES} bytes, got ${size}`);
  console.log(`${path}: ${size} bytes`);
}

/** The report, with the first failed spec open. */
async function openReport(page: Page, reports: string): Promise<void> {
  await page.goto(`file://${reports}/index.html`);
  await page.locator(".list summary").first().click();
}

const browser = await launchChromium();
if (browser === undefined) throw new Error("expected a Chromium, found none: npx playwright-core install chromium");
const reports = await mkdtemp(join(tmpdir(), "stackspec-pictures-"));
try {
  await mkdir(folder, { recursive: true });
  await runSpecs(reports);
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 1150 } });
  await openReport(page, reports);
  await picture("report", (path) => page.screenshot({ path }));
  // What the run says itself: who waits for whom.
  await page.locator(".entries select").selectOption({ index: 1 });
  await picture("axis", (path) => page.locator(".axis").screenshot({ path }));

  const output = await runSpecs(reports, "--grep", "completed", "--invert");
  // Another page: the report's allows no style but its own.
  const empty = await browser.newPage({ viewport: { width: WIDTH, height: 600 } });
  await empty.setContent(terminal(output));
  await picture("terminal", (path) => empty.locator("pre").screenshot({ path }));
} finally {
  await browser.close();
  await rm(reports, { recursive: true });
}
