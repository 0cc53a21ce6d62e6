import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { canInstallPackages, installPackages } from "../../src/images/apt.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A real Chromium, installed where it is missing and this process may; undefined where there is none. */
export async function launchChromium(): Promise<Browser | undefined> {
  const found = (): string | undefined => PLACES.find((path) => existsSync(path));
  if (found() === undefined && canInstallPackages()) await installPackages(["chromium"]);
  const executablePath = found();
  if (executablePath === undefined) return undefined;
  // Root has no sandbox, nor have most containers.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
