import { fileURLToPath } from "node:url";
import type Dockerode from "dockerode";
import { imageFrom } from "../../stack/image.ts";
import type { ImageSource } from "../../stack/image.ts";
import type { Runtime } from "../docker/connect.ts";
import type { StackContext } from "./stack-context.ts";

/** The image's Dockerfile, and programs that are run in it. */
export const FAULTS_FOLDER = fileURLToPath(new URL("../../../containers/faults/", import.meta.url));

/** Built from Debian's packages, once; the setting `faultImage` names another. */
const FAULT_IMAGE: ImageSource = imageFrom("faults", FAULTS_FOLDER, {
  inputs: [`${FAULTS_FOLDER}Dockerfile`, `${FAULTS_FOLDER}clock.c`],
  network: true,
});

/** The image that faults are made with. */
export const faultImage = ({ faultImage: chosen }: StackContext): ImageSource => chosen ?? FAULT_IMAGE;

/** Whose a container that faults are made with is. */
export interface Helper {
  readonly runtime: Runtime;
  readonly context: StackContext;
  readonly labels: Readonly<Record<string, string>>;
}

/** Creates one. It may do nothing but what its options allow. */
export async function createHelper(
  { runtime, context, labels }: Helper,
  { HostConfig, ...options }: Dockerode.ContainerCreateOptions,
): Promise<Dockerode.Container> {
  return runtime.docker.createContainer({
    Image: (await context.resolveImage(faultImage(context))).reference,
    Cmd: [],
    User: "0:0",
    Labels: { ...labels },
    ...options,
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      ...HostConfig,
    },
  });
}
