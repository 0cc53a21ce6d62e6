#!/usr/bin/env node
import { StackspecError, messageOf, usageError } from "../errors.ts";
import { changeConfig, closeRun } from "../mocha/run.ts";
import { clean, cleanSnapshots } from "./clean.ts";
import { cleanCaches, runPipeline } from "./run-pipeline.ts";
import { isBadInput, runSuite } from "./run-suite.ts";
import { runAllSuites } from "./run-all.ts";

const HELP = `stackspec start [--keep] [spec files] [mocha options]
                                               the acceptance specs against the stack, which then stays up if told
stackspec test [mocha options]                 every suite under specs/
stackspec run <suite> [spec files]             one suite
stackspec pipeline                             test, build, release and publish, up to the first that is not green
stackspec stage <name>                         one stage of the pipeline
stackspec clean [--snapshots] [--caches]       remove what earlier runs have left; also the snapshots of stacks, and
                                               what pipelines keep between runs

The settings are in the README.`;

const [command = "help", ...words] = process.argv.slice(2);

try {
  switch (command) {
    case "start":
      if (words.includes("--keep")) changeConfig({ keep: true });
      await runSuite(
        "acceptance",
        words.filter((word) => word !== "--keep"),
      );
      break;
    case "run": {
      const [suite, ...rest] = words;
      if (suite === undefined)
        throw usageError("stackspec run", "expected the name of a folder under specs/, got nothing");
      await runSuite(suite, rest);
      break;
    }
    case "test":
      process.exitCode = await runAllSuites(words);
      break;
    case "pipeline":
      process.exitCode = await runPipeline(undefined);
      break;
    case "stage":
      if (words[0] === undefined) throw usageError("stackspec stage", "expected the name of a stage, got nothing");
      process.exitCode = await runPipeline(words[0]);
      break;
    case "clean":
      await clean();
      if (words.includes("--snapshots")) await cleanSnapshots();
      if (words.includes("--caches")) await cleanCaches();
      break;
    case "help":
    case "--help":
    case "-h":
      console.log(HELP);
      break;
    default:
      throw usageError("stackspec", `expected start, test, run, pipeline, stage or clean, got "${command}"`);
  }
} catch (error) {
  console.error(isBadInput(error) ? error.sentence : error instanceof StackspecError ? error.message : error);
  await closeRun().catch((left: unknown) => console.error(messageOf(left)));
  // 2 is the reader's input, as for most commands of a shell; 1 is a finding.
  process.exit(isBadInput(error) ? 2 : 1);
}
