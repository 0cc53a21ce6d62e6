import { RUN_LABEL, removeResources } from "../../src/engine/docker/labels.ts";
import type { Bench } from "./bench.ts";
import { now, run, runProgram } from "./child.ts";

/** How many services that do nothing are started. */
export const COUNTS = [1, 5, 20, 50];
/** Who starts them. A network of their own, as a stack has one, costs the engine more than its default bridge. */
export const STARTERS = ["ours", "loop", "parallel", "network"] as const;
export type Starter = (typeof STARTERS)[number];

/** Milliseconds until that many services that only sleep run; they are gone again when this resolves. */
export async function startServices(bench: Bench, starter: Starter, count: number): Promise<number> {
  const { environment, signal } = bench;
  if (starter === "ours") {
    const { at } = await runProgram("services", [String(count)], { environment, signal });
    return at("ready") - at("called");
  }
  const { docker } = bench.runtime;
  const labels = Object.entries(bench.labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  const name = `stackspec-bench-${process.pid}`;
  const network = starter === "network" ? ["--network", name] : [];
  const words = ["run", "-d", ...labels, ...network, bench.images.node, "sleep", "infinity"];
  const one = () => run("docker", words, { signal });
  const before = now();
  try {
    if (starter === "network") await docker.createNetwork({ Name: name, Labels: { ...bench.labels } });
    if (starter === "loop") for (let index = 0; index < count; index += 1) await one();
    else await Promise.all(Array.from({ length: count }, one));
    return now() - before;
  } finally {
    await removeResources(bench.runtime, `${RUN_LABEL}=${bench.labels[RUN_LABEL]}`);
  }
}
