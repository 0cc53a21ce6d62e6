import { AS_FAILED } from "./command.ts";
import type { Command } from "./command.ts";

/** What commands about a stack that is up have in common. */
const OF_A_STACK = { flags: [], values: ["stack"], mocha: false } as const;

/** The commands about stacks that stay up: those of the working directory, or, by `--stack`, of any project. */
export const KEPT_COMMANDS: readonly Command[] = [
  {
    ...OF_A_STACK,
    name: "up",
    usage: "[stack], up --as-failed [reports folder, or file in it]",
    summary:
      "starts a stack that stays up; of one that is up what has changed, with its data as it is: runs with --keep take it over; --as-failed: in the state that a run has written when a spec failed",
    flags: [AS_FAILED],
    values: [],
    words: [0, 1],
    run: async (given) => (await import("./up-command.ts")).up(given),
  },
  {
    ...OF_A_STACK,
    name: "ps",
    usage: "[--all]",
    summary: "the stacks that are up, of this folder or of all projects: their services, addresses and containers",
    flags: ["all"],
    values: [],
    words: [0, 0],
    run: async (given) => (await import("./kept-command.ts")).listStacks(given),
  },
  {
    ...OF_A_STACK,
    name: "url",
    usage: "[--stack NAME] [service]",
    summary: "where a service is reached, the target if none is named; with its password, if it declares one",
    words: [0, 1],
    run: async (given) => (await import("./kept-command.ts")).showUrl(given),
  },
  {
    ...OF_A_STACK,
    name: "logs",
    usage: "[--stack NAME] [-f] [--tail LINES] [services]",
    summary: "what services have written, all of them if none is named; -f: and what they will write",
    flags: ["follow"],
    shorts: { follow: "f" },
    values: ["stack", "tail"],
    words: [0, Infinity],
    run: async (given) => (await import("./logs-command.ts")).showLogs(given),
  },
  {
    ...OF_A_STACK,
    name: "exec",
    usage: "[--stack NAME] <service> <command>",
    summary: "runs a command in a service's container, with the terminal, if there is one",
    words: [2, Infinity],
    handsOn: true,
    run: async (given) => (await import("./exec-command.ts")).execIn(given),
  },
  {
    ...OF_A_STACK,
    name: "shell",
    usage: "[--stack NAME] <service> [arguments]",
    summary: "the prompt of a service, such as psql, mysql or redis-cli, with these arguments; of another one a shell",
    words: [1, Infinity],
    handsOn: true,
    run: async (given) => (await import("./exec-command.ts")).openShell(given),
  },
  {
    ...OF_A_STACK,
    name: "restart",
    usage: "[--stack NAME] <service>",
    summary: "stops a service and starts it again, with its data; one that has its data in memory is started anew",
    words: [1, 1],
    run: async (given) => (await import("./up-command.ts")).restart(given),
  },
  {
    ...OF_A_STACK,
    name: "reset",
    usage: "[stack]",
    summary: "brings the data of a stack that is up back to where its tasks left it",
    values: [],
    words: [0, 1],
    run: async (given) => (await import("./up-command.ts")).reset(given),
  },
  {
    ...OF_A_STACK,
    name: "down",
    usage: "[stack]",
    summary: "removes a stack that stays up",
    values: [],
    words: [0, 1],
    run: async (given) => (await import("./kept-command.ts")).down(given),
  },
  {
    name: "doctor",
    usage: "",
    summary:
      "looks at Node, packages, the project, the engine and what is left on it: what cannot work, and what to do",
    flags: [],
    words: [0, 0],
    mocha: false,
    run: async () => (await import("./doctor-command.ts")).examine(),
  },
];
