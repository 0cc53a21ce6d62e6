import { spawnSync } from "node:child_process";
import { connectEngine } from "../engine/docker/connect.ts";
import { execute } from "../engine/docker/exec.ts";
import type { KeptService } from "../engine/kept/kept-stacks.ts";
import { StackspecError } from "../errors.ts";
import { asItIs } from "../terminal.ts";
import { chooseKept, serviceOf } from "./choose-kept.ts";
import type { Given } from "./command.ts";

/** The shell that people type into, where there is one. */
const SHELL = ["sh", "-c", 'command -v bash > /dev/null && exec bash "$@" || exec sh "$@"', "sh"];

/** `stackspec exec`. @returns the command's exit code */
export async function execIn({ words: [name = "", ...command], values }: Given): Promise<number> {
  const service = await runningService("exec", name, values);
  return run(service, command, {});
}

/** `stackspec shell`. @returns the program's exit code */
export async function openShell({ words: [name = "", ...more], values }: Given): Promise<number> {
  const service = await runningService("shell", name, values);
  const { command, environment = {} } = service.prompt ?? { command: SHELL };
  return run(service, [...command, ...more], environment);
}

async function runningService(command: string, name: string, values: Given["values"]): Promise<KeptService> {
  const stack = await chooseKept(await connectEngine(), command, values.get("stack"));
  const service = serviceOf(stack, command, name);
  if (!service.isRunning)
    throw new StackspecError("USAGE", `expected a service that runs, got one that is "${service.status}"`, {
      subject: name,
      hint: `stackspec restart ${name}`,
    });
  return service;
}

/** Runs a program in a service's container, with this process's terminal or its streams, byte by byte. */
async function run(
  { container }: KeptService,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const { docker } = await connectEngine();
  const { stdin, stdout } = process;
  const tty = stdin.isTTY && stdout.isTTY;
  const execution = await execute(docker.getContainer(container), {
    command,
    environment: { ...environment, ...(tty && { TERM: "xterm-256color" }) },
    tty,
    ...asItIs(),
  });
  // What it has written last may break while it is told that it may end.
  execution.stream.on("error", () => {});
  const resize = (): void => void execution.resize(stdout.columns, stdout.rows).catch(() => {});
  if (tty) {
    stdin.setRawMode(true);
    // Node leaves it to the terminal to turn a line feed into two characters, as the container's does already.
    spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
    stdout.on("resize", resize);
    resize();
  }
  stdin.pipe(execution.stream);
  try {
    return await execution.exitCode;
  } finally {
    stdin.unpipe(execution.stream);
    stdout.off("resize", resize);
    if (tty) stdin.setRawMode(false);
    // Nobody reads it any more; it would keep this process.
    stdin.destroy();
    execution.stream.destroy();
  }
}
