import { NAME_LABEL, STACK_LABEL } from "../docker/labels.ts";
import type { Runtime } from "../docker/connect.ts";
import { isReusableStack } from "./reusable-stack.ts";

/**
 * Says that a stack stays up, what ends it, and where its services are reached: "db 127.0.0.1:49153 (3306)", a line each.
 *
 * @param why it stays
 */
export async function tellKept(
  { docker, host }: Runtime,
  stack: string,
  stackId: string,
  why = "for the next run that keeps it",
): Promise<string[]> {
  if (!isReusableStack(stackId)) return [];
  const containers = await docker.listContainers({ filters: { label: [`${STACK_LABEL}=${stackId}`] } });
  const services = containers.map(({ Labels, Ports }) => {
    const published = Ports.filter(({ PublicPort }) => PublicPort !== undefined);
    const addresses = published.map(({ IP, PublicPort, PrivatePort }) => {
      const address = ["0.0.0.0", "::", "", undefined].includes(IP) ? host : IP;
      return `${address}:${PublicPort} (${PrivatePort})`;
    });
    return { name: Labels[NAME_LABEL]!, addresses: [...new Set(addresses)] };
  });
  const reached = services.filter(({ addresses }) => addresses.length > 0);
  const width = Math.max(0, ...reached.map(({ name }) => name.length));
  return [
    `The stack ${stack} stays up ${why}; stackspec down removes it`,
    ...reached
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ name, addresses }) => `  ${name.padEnd(width)}  ${addresses.join(", ")}`),
  ];
}
