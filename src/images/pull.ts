import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../errors.ts";
import { credentialsFor } from "./credentials.ts";
import { pullMeter, readToEnd } from "./stream.ts";

/** Where an image name without a registry is looked for when the engine does not say. */
const DOCKER_HUB = "https://index.docker.io/v1/";

/** How engines say that a registry cannot be reached, as distinct from one that answers no. */
const UNREACHABLE =
  /no such host|timeout|timed out|connection refused|network is unreachable|no route to host|i\/o timeout|server misbehaving|EOF|x509|temporary failure/i;
/** And that it lets nobody in. Bare numbers may stand in names: of images, and in ports. */
const DENIED =
  /denied|unauthorized|authentication required|no basic auth|incorrect username|forbidden|\b(?:status.{0,20}|answered |code )\b40[13]\b/i;

/** Whether what an engine says is that a registry refuses whoever asks, as distinct from one that is not there. */
export function isDenied(text: string): boolean {
  return DENIED.test(text);
}

/** An image's name with the private prefix, if one is set, as Testcontainers itself would use it. */
export async function fullName(name: string): Promise<string> {
  const { ImageName } = await import("testcontainers");
  return ImageName.fromString(name).string;
}

/** The registry that an image comes from. */
export async function registryOf(name: string): Promise<string> {
  const { ImageName } = await import("testcontainers");
  return ImageName.fromString(name).registry ?? DOCKER_HUB;
}

/**
 * Pulls an image, with the credentials of the Docker config.
 *
 * @throws StackspecError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED` or `IMAGE_NOT_FOUND`
 */
export async function pullImage(docker: Dockerode, name: string, onDetail: (detail: string) => void): Promise<void> {
  const meter = pullMeter();
  try {
    const authconfig = await credentialsFor(await registryOf(name));
    const stream = await docker.pull(name, authconfig === undefined ? {} : { authconfig });
    await readToEnd(stream, (message) => {
      const detail = meter(message);
      if (detail !== undefined) onDetail(detail);
    });
  } catch (cause) {
    throw registryError(name, cause);
  }
}

/**
 * Pushes an image of the engine under its name, with the credentials of the Docker config.
 *
 * @throws StackspecError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED` or `IMAGE_NOT_FOUND`
 */
export async function pushImage(docker: Dockerode, name: string): Promise<void> {
  try {
    // Engines refuse a push without credentials, also where there is nothing to say in them.
    const authconfig = (await credentialsFor(await registryOf(name))) ?? {};
    await readToEnd(await docker.getImage(name).push({ authconfig } as Dockerode.ImagePushOptions), () => {});
  } catch (cause) {
    throw registryError(name, cause);
  }
}

function registryError(name: string, cause: unknown): StackspecError {
  // What follows "authorization: " would be masked as that header's value, up to the end of the line.
  const text = messageOf(cause).replaceAll("authorization: ", "authorization, ");
  if (UNREACHABLE.test(text))
    return new StackspecError("REGISTRY_UNREACHABLE", `its registry cannot be reached: ${text}`, {
      subject: name,
      hint: "check the network, or set TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX to a registry that can be",
      cause,
    });
  // Docker Hub answers "denied" for what does not exist too: it does not tell the two apart.
  if (isDenied(text))
    return new StackspecError("REGISTRY_DENIED", `its registry refuses it: ${text}`, {
      subject: name,
      hint: "check the name, and log in with docker login",
      cause,
    });
  return new StackspecError("IMAGE_NOT_FOUND", `expected an image of this name in its registry: ${text}`, {
    subject: name,
    hint: "check name and tag",
    cause,
  });
}
