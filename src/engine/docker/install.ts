import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { StackspecError, messageOf } from "../../errors.ts";
import { canInstallPackages, installPackages } from "../../images/apt.ts";
import { NONE_WANTED, connectEngine, isNamedEngineMissing } from "./connect.ts";
import type { Runtime } from "./connect.ts";

const PID_FILE = "/var/run/docker.pid";
const LOG_FILE = "/var/log/stackspec-dockerd.log";
/** dockerd answers within one to three seconds; a slow disk may take longer. */
const ANSWERS_WITHIN_MS = 30_000;

/** Whether there is an engine, and if not, why not: in words, and as the error that an attempt to have one ended with. */
export type EngineState = { readonly runtime: Runtime } | { readonly missing: string; readonly error?: StackspecError };

/**
 * The engine that answers. Where none does, the project says so and this process may, Docker is installed and started.
 *
 * @param say told in one line what is done to the machine
 */
export async function ensureEngine(config: Pick<Config, "engine">, say: (line: string) => void): Promise<EngineState> {
  if (config.engine === "none") return { missing: NONE_WANTED };
  try {
    return { runtime: await connectEngine() };
  } catch (error) {
    if (error instanceof StackspecError && isNamedEngineMissing(error)) return { missing: error.message, error };
    if (config.engine !== "install") return { missing: "no Docker-compatible engine answers" };
    if (!canInstallPackages())
      return {
        missing: "no Docker-compatible engine answers, and only root on Debian or Ubuntu can have one installed",
      };
  }
  try {
    if (!existsSync("/usr/sbin/dockerd")) {
      say("No Docker engine answers: installing docker.io and starting dockerd (STACKSPEC_ENGINE=auto refuses that)");
      // docker.io works without these two only in part: bridges need iptables, and some images are packed with xz.
      await installPackages(["docker.io", "iptables", "xz-utils"]);
    } else say("No Docker engine answers: starting dockerd (STACKSPEC_ENGINE=auto refuses that)");
    await startDaemon();
    return { runtime: await untilAnswers() };
  } catch (cause) {
    const error =
      cause instanceof StackspecError
        ? cause
        : new StackspecError("INSTALL_FAILED", `dockerd cannot be started: ${messageOf(cause)}`, {
            subject: "engine",
            hint: "start an engine by hand and try again",
            cause,
          });
    return { missing: error.message, error };
  }
}

async function startDaemon(): Promise<void> {
  if (isStale(PID_FILE)) rmSync(PID_FILE, { force: true });
  const log = openSync(LOG_FILE, "a");
  // The engine outlives this run, so that the next one finds it.
  const daemon = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log] });
  await new Promise<void>((resolve, reject) => daemon.once("spawn", resolve).once("error", reject));
  daemon.unref();
}

/** A pid file whose process is gone, or is not dockerd: what a machine leaves that was switched off. */
function isStale(pidFile: string): boolean {
  try {
    const pid = readFileSync(pidFile, "utf8").trim();
    return !readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("dockerd");
  } catch {
    return true;
  }
}

async function untilAnswers(): Promise<Runtime> {
  const deadline = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    try {
      return await connectEngine();
    } catch (cause) {
      if (performance.now() > deadline)
        throw new StackspecError(
          "ENGINE_UNREACHABLE",
          `dockerd was started and does not answer after ${ANSWERS_WITHIN_MS} ms`,
          {
            subject: "engine",
            hint: `its log is ${LOG_FILE}`,
            evidence: readFileSync(LOG_FILE, "utf8").trimEnd().split("\n").slice(-15).join("\n"),
            cause,
          },
        );
      await sleep(100);
    }
  }
}
