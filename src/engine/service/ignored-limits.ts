import type { GenericContainer } from "testcontainers";
import type Dockerode from "dockerode";
import type { Node } from "../../stack/stack.ts";
import { limitsOf } from "../container/internals.ts";
import type { StackRun } from "../plan/stack-run.ts";

/**
 * Says which limits of `withResourcesQuota()` the engine has not set, as one without root does not where it has no cgroup
 * v2: it creates the container all the same, and what it says of it is without them.
 */
export async function sayIgnoredLimits(
  node: Node,
  declared: GenericContainer,
  created: Dockerode.Container,
  { context }: StackRun,
): Promise<void> {
  const { memory, cpu } = limitsOf(declared);
  if (!memory && !cpu) return;
  const { Memory, NanoCpus, CpuQuota } = (await created.inspect()).HostConfig;
  const ignored = [...(memory && !Memory ? ["memory"] : []), ...(cpu && !NanoCpus && !CpuQuota ? ["CPU"] : [])];
  if (ignored.length === 0) return;
  const { name } = await context.connect();
  const text = `${node.name} has no limit of ${ignored.join(" and ")}: ${name} does not set what withResourcesQuota() says, as without root and cgroup v2`;
  context.onProgress({ kind: "notice", text });
}
