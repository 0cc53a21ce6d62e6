import { usageError } from "../errors.ts";
import { checkValue, rule } from "../stack/check.ts";
import type { Exports, Stack } from "../stack/stack.ts";
import type {
  BuildOptions,
  BuildStage,
  Cache,
  Fill,
  Pipeline,
  PublishOptions,
  PublishStage,
  ReleaseOptions,
  ReleaseStage,
  Stage,
  StageStack,
  StageTask,
  StageTaskOptions,
  TaskFactory,
  TestStage,
  Unchecked,
} from "./pipeline.ts";
import { checkFrom, checkPart, checkTask } from "./stage-options.ts";

const DECLARATION = rule("a function that declares its stages", (declare) => typeof declare === "function");

/** Declares the parts of one stage. */
export interface StageBuilder {
  /** Services that tasks talk to: started when the first of these tasks is due, stopped with the stage. */
  stack<E extends Exports>(stack: Stack<E>): StageStack<E>;
  task<E extends Exports = Exports>(name: string, create: TaskFactory<E>, options?: StageTaskOptions<E>): StageTask;
}

/** Declares the stages of a pipeline. Each takes what the one before it hands over, by reference. */
export interface PipelineBuilder {
  cache(name: string, options: { keyedBy: readonly string[]; fill: Fill }): Cache;
  test(name: string, options: { sources: readonly string[] }, declare: (stage: StageBuilder) => void): TestStage;
  build(name: string, from: TestStage, options: BuildOptions, declare: (stage: StageBuilder) => void): BuildStage;
  release(name: string, from: BuildStage, options: ReleaseOptions): ReleaseStage;
  publish(name: string, from: ReleaseStage, options: PublishOptions): PublishStage;
}

/**
 * Declares a pipeline. A stage can go on only from one declared above it, so none can be left out
 * and no cycle can be written.
 *
 * @param name lower-case letters, digits and hyphens
 * @throws StackspecError `USAGE` for a bad name, a name declared twice, an option that is misspelt, missing or something else,
 *   or an artefact outside `target/`
 */
export function definePipeline(name: string, declare: (pipeline: PipelineBuilder) => void): Pipeline {
  const stages: Stage[] = [];
  const names = new Set<string>();
  checkName(name, "pipeline");
  checkValue(`pipeline "${name}"`, declare, DECLARATION);
  const claim = (part: string): void => {
    checkName(part, `pipeline "${name}"`);
    if (names.has(part))
      throw usageError(`pipeline "${name}"`, `expected every name once, got "${part}" declared twice`);
    names.add(part);
  };
  const add = <S extends Stage>(stage: S): S => {
    claim(stage.name);
    stages.push(stage);
    return stage;
  };

  declare({
    cache(part, options) {
      claim(part);
      checkPart("cache", part, options);
      const cache: Cache = { kind: "cache", name: part, ...options, at: (path) => ({ cache, path }) };
      return cache;
    },
    test(part, options, tasks) {
      checkPart("test", part, options);
      return add({ kind: "test", name: part, from: undefined, ...options, tasks: collect(part, tasks) });
    },
    build(part, from, options, tasks) {
      checkFrom(part, from, "test");
      checkPart("build", part, options);
      return add({ kind: "build", name: part, from, options, tasks: collect(part, tasks) });
    },
    release(part, from, options) {
      checkFrom(part, from, "build");
      checkPart("release", part, options);
      return add({ kind: "release", name: part, from, options });
    },
    publish(part, from, options) {
      checkFrom(part, from, "release");
      checkPart("publish", part, options);
      return add({ kind: "publish", name: part, from, options });
    },
  });
  return Object.freeze({ name, stages });
}

/** What a task returns that could not find out whether all is well: neither green nor red in the summary. */
export function unchecked(reason: string): Unchecked {
  return { unchecked: reason };
}

function collect(stage: string, declare: (stage: StageBuilder) => void): StageTask[] {
  const tasks: StageTask[] = [];
  declare({
    stack: (stack) => ({ kind: "stage-stack", stack }),
    task(name, create, options = {}) {
      checkName(name, `stage "${stage}"`);
      checkTask(stage, name, create, options, tasks);
      if (tasks.some((task) => task.name === name))
        throw usageError(`stage "${stage}"`, `expected every name once, got the task "${name}" declared twice`);
      const task = { kind: "stage-task", name, create, options } as StageTask;
      tasks.push(task);
      return task;
    },
  });
  return tasks;
}

function checkName(name: string, subject: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw usageError(subject, `expected a name of at most 32 lower-case letters, digits and hyphens, got "${name}"`);
}
