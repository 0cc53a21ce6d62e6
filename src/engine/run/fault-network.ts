import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../../errors.ts";
import { imageFrom } from "../../stack/image.ts";
import type { ImageSource } from "../../stack/image.ts";
import type { Service } from "../../stack/stack.ts";
import { isNotFound } from "../docker/connect.ts";
import { OWNER_LABEL, RUN_LABEL, thisProcess } from "../docker/labels.ts";
import { followLog } from "../docker/log.ts";
import type { StackStart } from "./stack-start.ts";

const FOLDER = fileURLToPath(new URL("../../../containers/faults/", import.meta.url));

/** Built from Debian's packages, once; the setting `faultImage` names another. */
const FAULT_IMAGE: ImageSource = imageFrom("faults", FOLDER, { network: true });

/**
 * Makes the network of a service fail by a container beside it, in its network namespace: so it works for any image, for the
 * connections that are open too, and ends with that container.
 *
 * @param words what the program in it is told
 * @returns ends it
 * @throws StackspecError `FAULT_IMPOSSIBLE` with what the container wrote
 */
export async function failNetwork(
  { run, plan }: StackStart,
  service: Service,
  words: readonly string[],
): Promise<() => Promise<void>> {
  const { context } = run;
  const { docker } = (await run.resources(plan)).runtime;
  const [{ container }, { reference }, program] = await Promise.all([
    run.containers.get(service)!.done,
    context.resolveImage(context.faultImage ?? FAULT_IMAGE),
    readFile(`${FOLDER}/network.py`, "utf8"),
  ]);
  const helper = await docker.createContainer({
    Image: reference,
    Entrypoint: ["python3", "-c", program],
    Cmd: [...words],
    User: "0:0",
    // The run's, not the stack's: a stack that is kept is left without it.
    Labels: { [RUN_LABEL]: context.runId, [OWNER_LABEL]: thisProcess() },
    HostConfig: {
      NetworkMode: `container:${container.id}`,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: ["NET_ADMIN"],
      SecurityOpt: ["no-new-privileges:true"],
    },
  });
  const remove = (): Promise<void> => helper.remove({ force: true }).catch(ignoreGone);
  try {
    await helper.start();
    await untilItFails(helper);
  } catch (cause) {
    await remove();
    throw networkFailure(service, cause);
  }
  return async () => {
    // It lets through what it holds, and exits.
    await helper.kill({ signal: "SIGTERM" }).catch(ignoreGone);
    await helper.wait().catch(ignoreGone);
    await remove();
  };
}

/** Resolves when the program says so. @throws Error with all that it has written, when it ends instead */
async function untilItFails(helper: Dockerode.Container): Promise<void> {
  const log = await followLog(helper, undefined);
  const ready = Promise.withResolvers<void>();
  const stop = log.follow((line) => line === "ready" && ready.resolve());
  void log.ended.then(() => ready.reject(new Error(log.lines.join("\n"))));
  await ready.promise.finally(stop);
}

function networkFailure({ name }: Service, cause: unknown): StackspecError {
  const evidence = messageOf(cause);
  return new StackspecError(
    "FAULT_IMPOSSIBLE",
    "its network cannot be made to fail on this engine: expected a kernel whose iptables has NFQUEUE and REJECT",
    { subject: name, hint: "what the container said that was to do it follows", evidence, cause },
  );
}

function ignoreGone(error: unknown): void {
  // 409: it has ended by itself, or somebody else is removing it.
  if (!isNotFound(error) && (error as { statusCode?: number }).statusCode !== 409) throw error;
}
