import type Dockerode from "dockerode";

/** Whether the engine that says this of itself is Podman. */
export function isPodmanVersion({ Components = [] }: Partial<Dockerode.DockerVersion>): boolean {
  return Components.some(({ Name }) => Name.startsWith("Podman"));
}
