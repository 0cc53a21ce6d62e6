import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import type { Runtime } from "../docker/connect.ts";
import { RUN_LABEL } from "../docker/labels.ts";
import type { StackContext } from "./stack-context.ts";

/** How long addresses are waited for that other stacks have, and when they are asked for again, in milliseconds. */
const WAIT_MS = 15_000;
const ASK_AGAIN_MS = 250;

/**
 * Makes a network. An engine has addresses for some thirty of them: those of stacks that run beside this one come and go.
 *
 * @param stack whose it is, for messages
 * @throws StackspecError `NETWORK_EXHAUSTED` when the engine has no more addresses, `CREATE_FAILED` when it refuses otherwise
 */
export async function createNetwork(
  { docker }: Runtime,
  Name: string,
  Labels: Record<string, string>,
  stack: string,
  { onProgress, signal }: Pick<StackContext, "onProgress" | "signal">,
): Promise<void> {
  const until = performance.now() + WAIT_MS;
  for (let isSaid = false; ; await sleep(ASK_AGAIN_MS, undefined, { signal })) {
    try {
      await docker.createNetwork({ Name, Driver: "bridge", Labels });
      return;
    } catch (cause) {
      const isExhausted = /address pool/i.test(messageOf(cause));
      const others = isExhausted ? await docker.listNetworks({ filters: { label: [RUN_LABEL] } }) : [];
      if (others.length === 0 || performance.now() > until) throw failure(cause, isExhausted, stack);
      const text = `${stack} waits for a network: the engine has no addresses left, ${others.length} of its networks are stackspec's`;
      if (!isSaid) onProgress({ kind: "notice", text });
      isSaid = true;
    }
  }
}

function failure(cause: unknown, isExhausted: boolean, subject: string): StackspecError {
  return new StackspecError(
    isExhausted ? "NETWORK_EXHAUSTED" : "CREATE_FAILED",
    `its network cannot be made: ${messageOf(cause)}`,
    {
      subject,
      hint: isExhausted
        ? "remove networks that nobody needs: npx stackspec clean, docker network prune"
        : "see the engine's own log",
      cause,
    },
  );
}
