import {
  absolutePath,
  checkAllOptions,
  checkOptions,
  checkValue,
  duration,
  fieldsOf,
  image,
  isListOf,
  isText,
  made,
  onOrOff,
  paths,
  rule,
  text,
} from "../stack/check.ts";
import type { Rule, Rules } from "../stack/check.ts";
import type { Cache, ReleaseOptions, Stage, StageTask, StageTaskOptions } from "./pipeline.ts";

const isKind = (kind: string) => (value: unknown) => fieldsOf(value)["kind"] === kind;
const anObject = rule("an object", (value) => typeof value === "object" && value !== null);
const artefact = rule(
  "a folder such as target/app",
  (value) => typeof value === "string" && /^target\/\w[\w.-]*$/.test(value),
);

/** What must be said of each kind, and what may be. */
const OPTIONS: Readonly<Record<Stage["kind"] | Cache["kind"], readonly [required: Rules, others?: Rules]>> = {
  cache: [{ keyedBy: paths, fill: made }],
  test: [{ sources: paths }],
  build: [{ artefact, version: made }, { versions: made }],
  release: [
    { image: text, source: text, acceptance: anObject },
    { network: onOrOff, specs: anObject },
  ],
  publish: [{ repository: text }, { mainBranch: text }],
};
const ACCEPTANCE: Rules = { suite: text, environment: made };
const SPECS: Rules = { stack: made, image, create: made, report: absolutePath };

/** @throws StackspecError `USAGE` that says what was expected of a stage, or of a cache */
export function checkPart(kind: keyof typeof OPTIONS, name: string, options: object): void {
  const subject = `${kind === "cache" ? "cache" : "stage"} "${name}"`;
  checkAllOptions(subject, options, ...OPTIONS[kind]);
  if (kind !== "release") return;
  const { acceptance, specs } = options as ReleaseOptions;
  checkAllOptions(`${subject}, acceptance`, acceptance, ACCEPTANCE);
  if (specs !== undefined) checkAllOptions(`${subject}, specs`, specs, SPECS);
}

/** @throws StackspecError `USAGE` unless a stage goes on from one of this kind */
export function checkFrom(name: string, from: unknown, kind: Stage["kind"]): void {
  checkValue(`stage "${name}"`, from, rule(`a stage that was declared with ${kind}() to go on from`, isKind(kind)));
}

/** @throws StackspecError `USAGE` that says what was expected of a task, in a stage that has these above it */
export function checkTask(stage: string, name: string, create: unknown, options: object, above: StageTask[]): void {
  const subject = `stage "${stage}", task "${name}"`;
  checkValue(subject, create, made);
  const rules: Readonly<Record<keyof StageTaskOptions, Rule>> = {
    image,
    after: rule("tasks that are declared above it in this stage", (value) =>
      isListOf(value, (each) => above.some((task) => task === each)),
    ),
    on: rule("what stack() of this stage returns", isKind("stage-stack")),
    caches: rule('caches, each as cache.at("/path")', (value) =>
      isListOf(value, (each) => isKind("cache")(fieldsOf(each)["cache"]) && isText(fieldsOf(each)["path"])),
    ),
    collects: rule("an object: paths in the container, and places on this machine", (value) =>
      isListOf(Object.entries(fieldsOf(value)).flat(), isText),
    ),
    timeoutMs: duration,
  };
  checkOptions(subject, options, rules);
}
