import { connectEngine } from "../engine/docker/connect.ts";
import { listKeptStacks } from "../engine/kept/kept-stacks.ts";
import type { KeptStack } from "../engine/kept/kept-stacks.ts";
import { removeReusableStack } from "../engine/kept/reusable-stack.ts";
import { StackspecError, usageError } from "../errors.ts";
import { asItIs, say } from "../terminal.ts";
import { chooseKept, serviceOf } from "./choose-kept.ts";
import type { Given } from "./command.ts";
import { columns } from "./columns.ts";

/** `stackspec ps`. */
export async function listStacks({ flags }: Given): Promise<void> {
  const all = await listKeptStacks(await connectEngine());
  const shown = flags.has("all") ? all : all.filter(({ isHere }) => isHere);
  for (const stack of shown) {
    say(`${stack.name}  ${placeOf(stack)}`);
    for (const line of columns(
      stack.services.map(({ name, status, addresses, containerName }) => [
        name,
        status,
        addresses.map((address) => address.replace(/\/\/.*@/, "//")).join(" ") || "-",
        containerName,
      ]),
    ))
      say(`  ${line}`);
  }
  const others = all.length - shown.length;
  if (shown.length === 0) say(`No stack ${flags.has("all") ? "" : "of this folder "}is up: stackspec up starts one`);
  if (others > 0) say(`${others === 1 ? "One" : others} of other projects: stackspec ps --all`);
}

function placeOf({ id, isHere, folder, elsewhere }: KeptStack): string {
  if (elsewhere !== undefined) return `${id}, of the host ${elsewhere}`;
  return isHere ? id : `${id}, of ${folder ?? "another user"}`;
}

/** `stackspec url`. */
export async function showUrl({ words: [name], values }: Given): Promise<void> {
  const stack = await chooseKept(await connectEngine(), "url", values.get("stack"));
  const spoken = stack.services.filter(({ http }) => http !== undefined);
  const found = name === undefined ? (stack.target ?? spoken[0]) : serviceOf(stack, "url", name);
  if (found === undefined || (name === undefined && stack.target === undefined && spoken.length > 1))
    throw usageError(
      "stackspec url",
      `expected one of ${stack.services.map((service) => service.name).join(", ")}, got none`,
    );
  const [address] = found.addresses;
  if (address === undefined)
    throw new StackspecError("USAGE", "it publishes no port, so this machine does not reach it", {
      subject: found.name,
      hint: found.isRunning ? "add .withExposedPorts(…), http or url to its declaration" : `it is "${found.status}"`,
    });
  asItIs().output.write(`${address}\n`);
}

/** `stackspec down`. */
export async function down({ words: [name] }: Given): Promise<void> {
  const runtime = await connectEngine();
  const stack = await chooseKept(runtime, "down", name);
  if (stack.elsewhere !== undefined)
    throw usageError("stackspec down", `expected a stack of this host, got one of ${stack.elsewhere}: go there`);
  if (!(await removeReusableStack(runtime, stack.id)))
    throw usageError("stackspec down", `expected a stack that no run uses, got ${stack.name}, which one uses now`);
  say(`Removed the stack ${stack.name}`);
}
