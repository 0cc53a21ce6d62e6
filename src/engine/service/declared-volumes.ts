import type Dockerode from "dockerode";
import type { StackStart } from "../plan/stack-start.ts";

/** The paths of the volumes that a container, or its image, declares. Of a container Podman does not say what its image does. */
export async function declaredVolumes({ run }: StackStart, container: Dockerode.Container): Promise<string[]> {
  const { Config, Image } = await container.inspect();
  const { docker } = await run.context.connect();
  const declared: object | undefined = Config.Volumes ?? (await docker.getImage(Image).inspect()).Config.Volumes;
  return Object.keys(declared ?? {});
}
