import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { StackspecError } from "../../errors.ts";

/** The engine of a context of Docker's. */
export interface DockerContext {
  readonly name: string;
  readonly host: string;
  /** What to do to have another engine. */
  readonly otherwise: string;
  /** What Testcontainers, which reads no contexts, has to find in the environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What an error about a context is about. */
export const contextSubject = (name: string): string => `docker context "${name}"`;

/**
 * Docker's current context: that of `DOCKER_CONTEXT`, else the one that `docker context use` has chosen. Undefined where
 * that is the default, or `DOCKER_HOST`, which goes before it, is set.
 *
 * @throws StackspecError `ENGINE_UNREACHABLE` for a context that is not there
 */
export async function readContext(
  environment: NodeJS.ProcessEnv,
  home = homedir(),
): Promise<DockerContext | undefined> {
  // An empty variable is how CI systems say "not set".
  const given = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  const folder = given("DOCKER_CONFIG") ?? join(home, ".docker");
  const name = given("DOCKER_CONTEXT") ?? (await currentContext(folder));
  if (given("DOCKER_HOST") !== undefined || name === undefined || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const { Host: host, SkipTLSVerify } = await endpointOf(name, join(folder, "contexts", "meta", id, "meta.json"));
  const certificates = join(folder, "contexts", "tls", id, "docker");
  return {
    name,
    host,
    otherwise: given("DOCKER_CONTEXT") === undefined ? "run docker context use default" : "unset DOCKER_CONTEXT",
    variables: {
      DOCKER_HOST: host,
      ...(existsSync(certificates) && {
        DOCKER_CERT_PATH: certificates,
        ...(SkipTLSVerify !== true && { DOCKER_TLS_VERIFY: "1" }),
      }),
    },
  };
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
      subject: contextSubject(name),
      hint: "docker context ls names those that there are; or set DOCKER_HOST",
      cause,
    });
  }
}
