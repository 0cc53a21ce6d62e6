import { connectEngine } from "../engine/docker/connect.ts";
import { linesOf } from "../engine/docker/log.ts";
import type { KeptService } from "../engine/kept/kept-stacks.ts";
import { usageError } from "../errors.ts";
import { endWithReader, say } from "../terminal.ts";
import { chooseKept, serviceOf } from "./choose-kept.ts";
import type { Given } from "./command.ts";

/** `stackspec logs`. What is there is told in the order of its times, what comes as it comes. */
export async function showLogs({ flags, values, words }: Given): Promise<void> {
  const tail = readTail(values.get("tail"));
  const runtime = await connectEngine();
  const { docker } = runtime;
  const stack = await chooseKept(runtime, "logs", values.get("stack"));
  const services = words.length === 0 ? stack.services : words.map((name) => serviceOf(stack, "logs", name));
  const width = Math.max(...services.map(({ name }) => name.length));
  const show = ({ name }: KeptService, text: string): void =>
    say(services.length === 1 ? text : `${name.padEnd(width)} | ${text}`);
  endWithReader();
  if (flags.has("follow")) {
    await Promise.all(
      services.map(async (service) => {
        for await (const { text } of linesOf(docker.getContainer(service.container), { follow: true, tail }))
          show(service, text);
      }),
    );
    return;
  }
  const lines = await Promise.all(
    services.map(async (service) => {
      const its = await Array.fromAsync(linesOf(docker.getContainer(service.container), { follow: false, tail }));
      return its.map(({ text, atMs }) => ({ service, text, atMs }));
    }),
  );
  for (const { service, text } of lines.flat().toSorted((a, b) => a.atMs - b.atMs)) show(service, text);
}

function readTail(text: string | undefined): number | undefined {
  if (text !== undefined && !/^\d{1,9}$/.test(text))
    throw usageError("stackspec logs", `--tail: expected a number of lines, got "${text}"`);
  return text === undefined ? undefined : Number(text);
}
