import { KEEP_FAILED, NO_SPECS, SELECTION, SHARD } from "./command.ts";
import type { Command } from "./command.ts";
import { KEPT_COMMANDS } from "./kept-commands.ts";

/** Closes what a command has started with mocha, when it fails. */
const closeRun: Command["close"] = async () => (await import("../mocha/run.ts")).run.close();

/** All commands, in the order of the help. What they do is loaded when it is asked for: it takes longer than many a question. */
export const COMMANDS: readonly Command[] = [
  {
    name: "start",
    usage: "[--keep] [--keep-on-failure] [--shard 2/5] [--pass-with-no-specs] [selection] [spec files] [mocha options]",
    summary:
      "the suite that needs a target, against the stack, which stays up afterwards if told to, or at the first spec that fails",
    flags: ["keep", KEEP_FAILED, NO_SPECS, ...SELECTION.flags],
    values: [SHARD, ...SELECTION.values],
    words: [0, Infinity],
    mocha: true,
    run: async (given) => (await import("./run-command.ts")).startTarget(given),
    close: closeRun,
  },
  {
    name: "test",
    usage: "[--shard 2/5] [--pass-with-no-specs] [selection] [mocha options]",
    summary: "every suite that the config file does not leave out: folders under specs/ that have spec files",
    flags: [NO_SPECS, ...SELECTION.flags],
    values: [SHARD, ...SELECTION.values],
    words: [0, 0],
    mocha: true,
    run: async (given) => (await import("./test-command.ts")).testAll(given),
  },
  {
    name: "run",
    usage: "<suite> [--keep-on-failure] [--shard 2/5] [--pass-with-no-specs] [selection] [spec files] [mocha options]",
    summary: "one suite: the spec files of its folder under specs/",
    flags: [KEEP_FAILED, NO_SPECS, ...SELECTION.flags],
    values: [SHARD, ...SELECTION.values],
    words: [1, Infinity],
    mocha: true,
    run: async (given) => (await import("./run-command.ts")).runOne(given),
    close: closeRun,
  },
  {
    name: "bisect",
    usage: "<suite> [title] [--times 5] [--runs 50] [--order declared] [--seed N] [mocha options]",
    summary:
      "the fewest specs after which a spec fails that passes alone: the first that failed in the last run of the suite, or that of a title",
    flags: [],
    values: ["times", "runs", "order", "seed"],
    words: [1, 2],
    mocha: true,
    run: async (given) => (await import("./bisect-command.ts")).bisect(given),
  },
  {
    name: "watch",
    usage: "[--keep] [suite] [selection] [spec files] [mocha options]",
    summary:
      "a suite, or some of its spec files, again after each edit, on a stack that stays up until Ctrl-C, or for longer if told to",
    flags: ["keep", ...SELECTION.flags],
    values: SELECTION.values.filter((name) => name !== "last-failed"),
    words: [0, Infinity],
    mocha: true,
    run: async (given) => (await import("./watch-command.ts")).watchProject(given),
  },
  ...KEPT_COMMANDS,
  {
    name: "pipeline",
    usage: "",
    summary: "test, build, release and publish, up to the first that is not green",
    flags: [],
    words: [0, 0],
    mocha: false,
    run: async () => (await import("./pipeline-command.ts")).runPipeline(undefined),
  },
  {
    name: "stage",
    usage: "<name>",
    summary: "one stage of the pipeline",
    flags: [],
    words: [1, 1],
    mocha: false,
    run: async ({ words: [name] }) => (await import("./pipeline-command.ts")).runPipeline(name),
  },
  {
    name: "report",
    usage: "[folder]",
    summary: "the HTML report, made again from the results that are stored in a folder: that of the reports",
    flags: [],
    words: [0, 1],
    mocha: false,
    run: async ({ words: [folder] }) => (await import("./report-command.ts")).remakeReport(folder),
  },
  {
    name: "merge",
    usage: "[--pass-with-no-specs] [selection] [folders]",
    summary:
      "one report of the shards whose results are in these folders: reports/; fails for one that is missing, and for what they do not have in common",
    flags: [NO_SPECS, ...SELECTION.flags],
    words: [0, Infinity],
    mocha: false,
    run: async (given) => (await import("./merge-command.ts")).mergeShards(given),
  },
  {
    name: "snapshot",
    usage: "save|load FILE [stack], snapshot push|pull IMAGE [stack]",
    summary:
      "takes the newest snapshots to another machine: through a file, such as a CI system's cache, or a registry",
    flags: [],
    words: [2, 3],
    mocha: false,
    run: async (given) => (await import("./snapshot-command.ts")).moveSnapshots(given),
  },
  {
    name: "clean",
    usage: "[--snapshots] [--caches] [--every-host]",
    summary:
      "removes what earlier runs have left; also the snapshots of stacks, what pipelines keep between runs, and what runs of other hosts have left",
    flags: ["snapshots", "caches", "every-host"],
    words: [0, 0],
    mocha: false,
    run: async (given) => (await import("./clean-command.ts")).cleanAll(given),
  },
  {
    name: "init",
    usage: "[--stack <service>] [--shards <machines>] [--no-install]",
    summary:
      "writes a stack, a spec, a config file, a CI file and a script, and installs what they need; --stack: of postgres, mysql, mariadb, redis, valkey or rabbitmq; --shards: a CI file for so many machines",
    flags: ["no-install"],
    values: ["stack", "shards"],
    words: [0, 0],
    mocha: false,
    run: async (given) => (await import("./init-command.ts")).init(given),
  },
  {
    name: "config",
    usage: "",
    summary: "each setting, where its value comes from, and the value",
    flags: [],
    words: [0, 0],
    mocha: false,
    run: async () => (await import("./config-command.ts")).showSettings(),
  },
  {
    name: "explain",
    usage: "<code>",
    summary: "what an error's code means, and what helps",
    flags: [],
    words: [1, 1],
    mocha: false,
    run: async (given) => (await import("./explain-command.ts")).explain(given),
  },
];
