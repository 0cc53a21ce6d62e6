import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { StackspecError } from "../../errors.ts";

/**
 * Tells Testcontainers, by the environment, of the engine of Docker's current context, which it does not read by itself: that of
 * `DOCKER_CONTEXT`, else the one that `docker context use` has chosen. `DOCKER_HOST` goes before it.
 *
 * @throws StackspecError `ENGINE_UNREACHABLE` for a context that is not there
 */
export async function useContext(environment: NodeJS.ProcessEnv, home = homedir()): Promise<void> {
  // An empty variable is how CI systems say "not set".
  const given = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  const folder = given("DOCKER_CONFIG") ?? join(home, ".docker");
  const name = given("DOCKER_CONTEXT") ?? (await currentContext(folder));
  if (given("DOCKER_HOST") !== undefined || name === undefined || name === "default") return;
  const id = createHash("sha256").update(name).digest("hex");
  const { Host, SkipTLSVerify } = await endpointOf(name, join(folder, "contexts", "meta", id, "meta.json"));
  environment["DOCKER_HOST"] = Host;
  const certificates = join(folder, "contexts", "tls", id, "docker");
  if (!existsSync(certificates)) return;
  environment["DOCKER_CERT_PATH"] = certificates;
  if (SkipTLSVerify !== true) environment["DOCKER_TLS_VERIFY"] = "1";
}

async function currentContext(folder: string): Promise<string | undefined> {
  try {
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as { currentContext?: string };
    return config.currentContext;
  } catch {
    return undefined;
  }
}

async function endpointOf(name: string, file: string): Promise<{ Host: string; SkipTLSVerify?: boolean }> {
  try {
    const meta = JSON.parse(await readFile(file, "utf8")) as { Endpoints: { docker: { Host: string } } };
    return meta.Endpoints.docker;
  } catch (cause) {
    throw new StackspecError("ENGINE_UNREACHABLE", `expected a context with an engine in ${file}`, {
      subject: `Docker's context ${name}`,
      hint: "docker context ls names those that there are; or set DOCKER_HOST",
      cause,
    });
  }
}
