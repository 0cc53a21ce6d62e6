import type { BrowserContext, Page } from "playwright-core";
import type { ContextWatch } from "./watch-context.ts";

/** What is open for a spec. */
export interface OpenPage {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly watch: ContextWatch;
  /** The beginning of the paths of what it may attach. */
  readonly files: string;
}
