import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../errors.ts";
import { isNotFound } from "../engine/docker/connect.ts";
import { credentialsFor } from "../images/credentials.ts";
import { isDenied } from "../images/pull.ts";
import { readToEnd } from "../images/stream.ts";
import type { PipelineContext } from "./pipeline-context.ts";

/** What they say of one without TLS. */
const PLAIN = "server gave HTTP response to HTTPS client";

/** One image's place in a registry. */
export interface Registry {
  /**
   * Gives an image a tag there. Returns the digest that the registry answers for it afterwards.
   *
   * @throws StackspecError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED`, or `TASK_FAILED` when another digest comes back
   */
  push(id: string, tag: string): Promise<string>;
}

/**
 * A registry, by way of the engine, which is who pulls from it too: with the user and password of
 * the settings, else those of the Docker config.
 *
 * @throws StackspecError when it is not there, or refuses the password
 */
export async function openRegistry(
  repository: string,
  { runtime: { docker }, settings, signal }: PipelineContext,
): Promise<Registry> {
  const [host] = repository.split("/");
  const authconfig =
    settings.credentials === undefined
      ? await credentialsFor(host!)
      : { ...settings.credentials, serveraddress: host! };
  // Engines refuse a push without this header, also where there is nothing to say in it.
  const auth = { authconfig: authconfig ?? {} };
  if (authconfig !== undefined && "password" in authconfig)
    await docker.checkAuth(authconfig).catch((cause: unknown) => {
      // Podman asks by HTTPS alone, whatever it is told of this registry: then the push tells.
      if (!messageOf(cause).includes(PLAIN)) throw refusal(host!, cause);
    });

  return {
    async push(id, tag) {
      signal.throwIfAborted();
      const name = `${repository}:${tag}`;
      await docker.getImage(id).tag({ repo: repository, tag });
      const image = docker.getImage(name);
      try {
        let said: string | undefined;
        await readToEnd(await image.push(auth as Dockerode.ImagePushOptions), (message) => {
          said = digestIn(message) ?? said;
        });
        const before = await image.inspect();
        const digest = said ?? ownDigest(repository, before);
        const asked = await askRegistry(image, auth);
        // Podman does not ask: what it pulls from there it notes with its digest, beside those that it knows.
        if (asked === undefined) await readToEnd(await docker.pull(name, auth), () => {});
        const { Id, RepoDigests: digests } = await image.inspect();
        const others = digests.filter(
          (each) => each.startsWith(`${repository}@`) && !before.RepoDigests.includes(each),
        );
        const there = asked ?? others.find((each) => !each.endsWith(`@${digest}`)) ?? `${repository}@${digest}`;
        const found = { id: Id, digest: there.replace(/^.*@/, ""), digests };
        checkPushed(name, { id, digest }, found);
        return found.digest;
      } catch (error) {
        throw error instanceof StackspecError ? error : refusal(host!, error);
      } finally {
        await image.remove().catch(() => {}); // Only this name of it: the image keeps its own.
      }
    },
  };
}

/** A line of what an engine says while it pushes. Docker has the digest by itself too, but not with containerd's images. */
interface Said {
  readonly aux?: { readonly Digest?: string };
  readonly status?: string;
}

/** The digest that such a line has, when it is the last: "1.2.3: digest: sha256:… size: 1560". */
export function digestIn({ aux, status = "" }: Said): string | undefined {
  return aux?.Digest ?? /: digest: (sha256:[0-9a-f]{64}) /.exec(status)?.[1];
}

/** The digest of an image that is one itself, as in containerd's store. */
function ownDigest(repository: string, { Id, RepoDigests }: Dockerode.ImageInspectInfo): string | undefined {
  return RepoDigests.includes(`${repository}@${Id}`) ? Id : undefined;
}

/** The digest that the registry answers for an image's name; undefined from an engine that does not ask it. */
async function askRegistry(
  image: Dockerode.Image,
  auth: Dockerode.ImageDistributionOptions,
): Promise<string | undefined> {
  try {
    return (await image.distribution(auth)).Descriptor.digest;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Holds what is in the registry after a push to what was pushed.
 *
 * @param name repository and tag
 * @param found the digest that the registry answers, and what the engine has under that name: the image, and the
 * digests under which it noted that registries have it
 * @throws StackspecError `TASK_FAILED` when any of these is another
 */
export function checkPushed(
  name: string,
  pushed: { readonly id: string; readonly digest: string | undefined },
  found: { readonly id: string; readonly digest: string; readonly digests: readonly string[] },
): void {
  const repository = name.slice(0, name.lastIndexOf(":"));
  if (
    found.id !== pushed.id ||
    found.digest !== pushed.digest ||
    !found.digests.includes(`${repository}@${found.digest}`)
  )
    throw new StackspecError(
      "TASK_FAILED",
      `expected ${pushed.digest}, as it was pushed, the registry has ${found.digest}`,
      { subject: name, hint: "somebody else may push to this tag" },
    );
}

/** One line, and never what was sent. */
function refusal(host: string, cause: unknown): StackspecError {
  const text = messageOf(cause).split("\n")[0]!.trim();
  return isDenied(text)
    ? new StackspecError("REGISTRY_DENIED", "expected it to let us push, it refuses user or password", {
        subject: host,
        hint: "docker login, or set STACKSPEC_REGISTRY_USER and STACKSPEC_REGISTRY_PASSWORD",
        cause,
      })
    : new StackspecError("REGISTRY_UNREACHABLE", `expected a registry there: ${text}`, {
        subject: host,
        hint: "check STACKSPEC_REGISTRY",
        cause,
      });
}
