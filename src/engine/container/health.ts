import type Dockerode from "dockerode";
import { isPodman } from "../docker/answers.ts";
import type { Runtime } from "../docker/connect.ts";

/**
 * What a container's health check says; undefined when it has none. Podman leaves it to systemd to run checks, and where there is
 * no systemd nobody runs them: it is asked to, which is a call of its own API.
 */
export async function askHealth(runtime: Runtime, container: Dockerode.Container): Promise<string | undefined> {
  if (isPodman(runtime)) await runCheck(container);
  const status = (await container.inspect()).State.Health?.Status;
  return status === "" ? undefined : status;
}

/** Fails for a container without a check, or one that does not run. */
function runCheck({ modem, id }: Dockerode.Container): Promise<void> {
  const path = `/v4.0.0/libpod/containers/${id}/healthcheck`;
  const statusCodes = { 200: true, 404: "no such container", 409: "no health check, or it does not run", 500: "error" };
  return new Promise((resolve) => modem.dial({ path, method: "GET", statusCodes }, () => resolve()));
}
