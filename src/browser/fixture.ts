import type { Test } from "mocha";
import type { BrowserContextOptions, Page } from "playwright-core";
import { StackspecError, usageError } from "../errors.ts";
import { useTarget } from "../mocha/fixture.ts";
import { run } from "../mocha/run.ts";
import { say } from "../terminal.ts";
import { attachmentsOf, claimFiles, startTrace } from "./attachments.ts";
import { failAlsoWhen } from "./fail-also.ts";
import { startBrowser } from "./launch.ts";
import type { RunningBrowser } from "./launch.ts";
import type { OpenPage } from "./open-page.ts";
import { watchContext } from "./watch-context.ts";
import type { ContextWatch } from "./watch-context.ts";

/** How a suite uses a browser: Playwright's options of a browser context, such as `viewport` and `colorScheme`, and these. */
export interface BrowserUse extends Omit<BrowserContextOptions, "baseURL"> {
  /**
   * The address that the paths of `page.goto()` are relative to, for a stack of `useStack`: `() => shop.web.http.url`.
   *
   * @default the target's, as `useTarget()` has it
   */
  readonly baseURL?: string | (() => string);
  /** What the browser may complain of: lines that match one of these do not fail a spec. @default [] */
  readonly ignore?: readonly RegExp[];
  /** A failed spec has a trace, which `npx playwright-core show-trace` shows. @default true */
  readonly trace?: boolean;
}

/** One browser for all spec files of a process, which mocha loads by itself. */
let shared: Promise<RunningBrowser> | undefined;

/**
 * A page in a real Chromium, a fresh one for each spec, with the target's address as its base: `await page.goto("todos")`.
 * Call it inside `describe`; use it in hooks and in `it`. The package `playwright-core` has to be installed, and a Chromium.
 *
 * What the page throws or writes to its console as an error, and requests that fail, fail the spec. A failed spec has a
 * screenshot and a trace, and all that the page wrote. Actions wait for half of mocha's timeout of the spec, so that what
 * they waited for is said before that is over.
 *
 * @returns Playwright's page: https://playwright.dev/docs/api/class-page
 * @throws StackspecError `USAGE` for an option that is not as expected
 */
export function useBrowser({ baseURL, ignore = [], trace = true, ...options }: BrowserUse = {}): Page {
  if (!Array.isArray(ignore) || !ignore.every((pattern) => pattern instanceof RegExp))
    throw usageError("useBrowser", "ignore: expected a list of regular expressions");
  let running: RunningBrowser;
  let open: OpenPage | undefined;
  before("the browser is on its way", () => {
    // While the target starts. Who waits for it hears why it does not come.
    sharedBrowser().catch(() => {});
  });
  const target = baseURL === undefined ? useTarget() : undefined;
  before("the browser is there", async function () {
    this.timeout(0);
    running = await sharedBrowser();
  });
  beforeEach("a page is open", async function () {
    const test = this.currentTest!;
    const base = target?.url ?? (typeof baseURL === "function" ? baseURL() : baseURL!);
    // With a slash, paths without one are below it.
    const context = await running.browser.newContext({ ...options, baseURL: base.replace(/\/*$/, "/") });
    const watch = watchContext(context, ignore);
    context.setDefaultTimeout(test.timeout() / 2);
    if (trace) await startTrace(context, running.folder);
    open = { context, page: await context.newPage(), watch, files: claimFiles(test) };
    failAlsoWhen(test, () => failureOf(open?.watch));
  });
  afterEach("the page is closed", async function () {
    this.timeout(0);
    const closing = open;
    open = undefined;
    if (closing === undefined) return;
    if (hasFailed(this.currentTest!)) run.evidence.add(await attachmentsOf(closing, trace));
    else if (trace) await closing.context.tracing.stop();
    await closing.context.close();
  });
  return bound(() => open?.page);
}

/** The browser of this process; another one where it has crashed. */
async function sharedBrowser(): Promise<RunningBrowser> {
  const known = shared;
  const running = await known;
  if (running?.browser.isConnected() === true) return running;
  if (shared !== known) return sharedBrowser();
  const starting = startBrowser(run.config.engine === "install", say);
  shared = starting;
  run.alsoCloses.push(async () => {
    if (shared === starting) shared = undefined;
    await (await starting).close();
  });
  return starting;
}

function hasFailed(test: Test): boolean {
  return test.state !== "passed" && !test.isPending();
}

function failureOf(watch: ContextWatch | undefined): StackspecError | undefined {
  const [first, ...more] = watch?.problems ?? [];
  if (first === undefined) return undefined;
  const [line, ...trace] = first.split("\n");
  return new StackspecError("PAGE_FAILED", `expected nothing to complain of, got ${line}`, {
    subject: "browser",
    ...(trace.length + more.length > 0 && { evidence: [...trace, ...more].join("\n") }),
  });
}

/** A page that comes with each spec: its methods are called on the page that there is then. */
function bound(page: () => Page | undefined): Page {
  return new Proxy({} as Page, {
    get(_, key) {
      const found = page();
      if (found === undefined)
        throw new StackspecError("USAGE", "it is there in it() and in beforeEach, not while files are loaded", {
          subject: "the page",
        });
      const value: unknown = Reflect.get(found, key);
      return typeof value === "function" ? value.bind(found) : value;
    },
  });
}
