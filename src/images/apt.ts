import { existsSync, readFileSync } from "node:fs";
import { StackspecError, messageOf } from "../errors.ts";
import type { ProgramFailure } from "./run-program.ts";
import { runProgram } from "./run-program.ts";

/** True when this process may install packages: root on Debian, Ubuntu or one of their kin. */
export function canInstallPackages(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
}

/**
 * Installs Debian packages.
 *
 * @throws StackspecError `INSTALL_FAILED` with apt's own last lines
 */
export async function installPackages(names: readonly string[], signal?: AbortSignal): Promise<void> {
  const apt = (...words: string[]) =>
    runProgram("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...words], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      signal,
    });
  try {
    // A source of no concern here may fail to update; what cannot be installed then says so itself.
    await apt("update").catch(() => {});
    await apt("install", "--yes", "--no-install-recommends", ...names);
  } catch (cause) {
    const stderr = (cause as ProgramFailure).stderr || messageOf(cause);
    throw new StackspecError("INSTALL_FAILED", "apt-get cannot install it", {
      subject: names.join(", "),
      hint: "install it by hand and try again",
      evidence: stderr.trimEnd().split("\n").slice(-15).join("\n"),
      cause,
    });
  }
}

/** The Debian mirror that this machine's own apt uses; on other systems Debian's official one. */
export async function hostMirror(): Promise<string> {
  const official = "http://deb.debian.org/debian";
  try {
    const format = "$(ORIGIN) $(CODENAME) $(SITE)";
    const words = ["indextargets", "--format", format, "Created-By: Packages"];
    const targets = await runProgram("apt-get", words, { isRead: true });
    const [, mirror] = /^Debian (?!\S*-security)\S+ (\S+)$/m.exec(targets) ?? [];
    // Builds have none of this machine's certificates: https would fail there.
    return mirror?.replace(/^https:/, "http:").replace(/\/$/, "") ?? official;
  } catch {
    return official;
  }
}
