import { existsSync } from "node:fs";
import type { BrowserType } from "playwright-core";
import { usageError } from "../errors.ts";
import { canInstallPackages, installPackages } from "../images/apt.ts";

/** Where distributions and Google put it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

interface Playwright {
  readonly chromium: BrowserType;
}

/**
 * The package that drives browsers. It is the project's own, for only few projects need it.
 *
 * @throws StackspecError `USAGE` when it is not installed
 */
export async function loadPlaywright(): Promise<Playwright> {
  try {
    return await import("playwright-core");
  } catch (cause) {
    throw usageError("browser", "expected the package playwright-core, found none: npm i -D playwright-core", cause);
  }
}

/**
 * The Chromium of this machine: the one that playwright has installed, else the system's. Where there is none, `install`
 * is set and this process may, Debian's is installed.
 *
 * @param say told in one line what is done to the machine
 * @throws StackspecError `USAGE` saying what to install; `INSTALL_FAILED`
 */
export async function findChromium(
  { chromium }: { readonly chromium: Pick<BrowserType, "executablePath"> },
  install: boolean,
  say: (line: string) => void,
  places = PLACES,
): Promise<string> {
  const found = (): string | undefined => [chromium.executablePath(), ...places].find((path) => existsSync(path));
  if (found() === undefined && install && canInstallPackages()) {
    say("No Chromium is found: installing chromium");
    await installPackages(["chromium"]);
  }
  const path = found();
  if (path !== undefined) return path;
  throw usageError(
    "browser",
    "expected a Chromium, found none: npx playwright-core install chromium, or, on Debian, apt-get install chromium",
  );
}
