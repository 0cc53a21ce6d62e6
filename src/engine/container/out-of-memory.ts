import { once } from "node:events";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { connectEngine } from "../docker/connect.ts";

/** What a process exits with that the kernel ends, for its memory or because somebody asked for that: 128 and SIGKILL. */
const KILLED = 137;
/**
 * How long after a container has exited its engine may tell that it was killed for memory, in milliseconds. Docker 20.10 took
 * 231 for one of 25 containers on a machine with seven processes to each core.
 */
const TOLD_WITHIN_MS = 500;

/**
 * Whether a container was killed for memory. An engine hears of that and of the exit in two ways; where it hears of the exit
 * first, the state of the container says for ever that it was not, and only an event tells. That is waited for where the
 * container has a limit.
 *
 * @param signal ends the wait for that
 */
export async function wasOutOfMemory(
  { Id: id, State, HostConfig }: Dockerode.ContainerInspectInfo,
  signal: AbortSignal,
): Promise<boolean> {
  if (State.OOMKilled || State.ExitCode !== KILLED || !HostConfig.Memory) return State.OOMKilled;
  const { docker } = await connectEngine();
  const over = new AbortController();
  const abortSignal = AbortSignal.any([over.signal, signal, AbortSignal.timeout(TOLD_WITHIN_MS)]);
  const since = Math.floor(Date.parse(State.StartedAt) / 1_000);
  try {
    const events = await docker.getEvents({ since, filters: { container: [id], event: ["oom"] }, abortSignal });
    await once(events as Readable, "data", { signal: abortSignal });
    return true;
  } catch {
    // It has not said so.
    return false;
  } finally {
    over.abort();
  }
}
