import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { findChromium } from "../../src/browser/chromium.ts";

/** A real Chromium, installed where it is missing and this process may; undefined where there is none. */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = await findChromium({ chromium }, true, () => {}).catch(() => undefined);
  return executablePath === undefined ? undefined : chromium.launch({ executablePath });
}
