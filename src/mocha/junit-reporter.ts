import { relative } from "node:path";
import type { MochaOptions, Test } from "mocha";
import MochaJUnitReporter from "mocha-junit-reporter";
import { RUN_ENDS_WELL, WHOLE_FILE, junitXml, problemSuites } from "../report/junit.ts";
import type { CaseResult, FailureNode, SuiteResult } from "../report/junit.ts";
import { classNamePart, xmlText } from "../report/text.ts";
import { isReplaceable, writeAtomically } from "../report/write.ts";
import { evidenceOf, evidenceText, isError, shownError } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { recordRun } from "./run-record.ts";
import type { CaseRecord, FullRunner, RunRecord, SuiteRecord } from "./run-record.ts";
import { throttled } from "./throttle.ts";
import { suiteTitles } from "./titles.ts";

/**
 * What writing may take at once, in milliseconds. Until then, and whenever it has taken less than a twentieth of the time,
 * each change is written before the next spec begins: that one may never end, nor let a timer run.
 */
const WRITING_MS = 100;
const WRITING_SHARE = 20;
/** How many characters of evidence a report has in all. */
const EVIDENCE_LENGTH = 10 * 1024 * 1024;
const LEFT_OUT = "What was seen meanwhile is left out: this report has 10 MiB of such evidence before.";
/** When a spec has run for so long, in milliseconds, the file says that it runs. */
const RUNNING_AFTER_MS = 1_000;
const TITLE_SEPARATOR = " › ";

/** What the reporter is told beside mocha's events. */
export interface JUnitOptions {
  /** The file to write. */
  readonly path: string;
  /** The name of the whole report, and the first part of every class name. */
  readonly suite: string;
  /** Stack traces in the failures. */
  readonly stack: boolean;
  /** Properties of every test suite, asked for at each write. */
  readonly properties: () => Readonly<Record<string, string>>;
  /** What is said of each failure below all else. */
  readonly remark?: string | undefined;
  /** Called after each change of the record. */
  readonly onChange?: () => void;
}

/**
 * What mocha-junit-reporter makes of a failure. Its constructor is left out: the listeners that it adds put cases into the
 * suite that began last, which is wrong after a nested suite has ended, and with mocha 12 it fails.
 */
const elements = Object.assign(Object.create(MochaJUnitReporter.prototype) as MochaJUnitReporter, {
  _options: {},
  removeInvalidCharacters: xmlText,
});

/**
 * mocha-junit-reporter with what it lacks: the file is there from the first moment and is replaced
 * whole, so a killed run leaves a report; every spec is in it, also one that a failed hook kept from
 * running; the totals are those of the cases; names survive emoji and control characters; a
 * retried spec shows its tries; `classname` groups by suite and `file` is relative.
 */
export class JUnitReporter {
  readonly #junit: JUnitOptions;
  readonly record: RunRecord;
  readonly #startedAt = Date.now();
  readonly #writing = throttled(() => isReplaceable(this.#junit.path) && this.write(), WRITING_MS, WRITING_SHARE);
  #evidenceLength = 0;

  constructor(runner: FullRunner, options: MochaOptions & { files?: string[] }, junit: JUnitOptions) {
    this.#junit = junit;
    this.record = recordRun(runner, options.files ?? [], () => {
      this.#writing.soon();
      junit.onChange?.();
    });
    runner.on("start", () => this.#writing.soon());
    runner.on("test", () => this.#writing.within(RUNNING_AFTER_MS));
  }

  /**
   * Writes the report as it stands. Specs that have not finished are errors in it.
   *
   * @param problems of the run's end, each an error
   * @throws Error from the file system
   */
  write(problems: readonly string[] = []): void {
    this.#writing.cancel();
    this.#evidenceLength = 0;
    const { suites, missing } = this.record;
    const reached = [...suites.values()].filter(({ cases }) => cases.size > 0);
    writeAtomically(
      this.#junit.path,
      junitXml({
        name: this.#junit.suite,
        timeMs: Date.now() - this.#startedAt,
        suites: [
          ...reached.map((suite) => this.#suiteResult(suite)),
          ...[...missing].map((file) => this.#missingFile(file)),
          ...problemSuites(this.#junit.suite, RUN_ENDS_WELL, problems),
        ],
        properties: this.#junit.properties(),
      }),
    );
  }

  #suiteResult({ suite, startedAt, endedAt = Date.now(), cases }: SuiteRecord): SuiteResult {
    const results = [...cases.values()].map((entry) => this.#caseResult(entry));
    // A suite that a failed hook blocks never starts; a parallel worker's events come all at once, when its file is done.
    const lastedMs = startedAt === undefined ? 0 : endedAt - startedAt;
    const timeMs = Math.max(
      lastedMs,
      results.reduce((sum, { timeMs: each }) => sum + each, 0),
    );
    return {
      name: suiteTitles(suite).join(TITLE_SEPARATOR) || this.#junit.suite,
      file: results[0]?.file,
      startedAt: new Date(startedAt ?? this.#startedAt),
      timeMs,
      cases: results,
    };
  }

  #caseResult({ test, outcome, error, blockedBy, tries }: CaseRecord): CaseResult {
    const evidence = evidenceOf(error);
    const seen = evidence === undefined ? [] : [this.#text(evidence), ...evidence.attachments.map(attachment)];
    const output = [...(error === undefined ? [] : [this.#junit.remark ?? ""]), ...seen];
    const classname = [this.#junit.suite, suiteTitles(test.parent!).map(classNamePart).join(TITLE_SEPARATOR)];
    return {
      name: test.title,
      classname: classname.filter((part) => part !== "").join("."),
      file: test.file === undefined ? undefined : relative(process.cwd(), test.file),
      timeMs: test.duration ?? 0,
      outcome,
      failure: error === undefined ? undefined : this.#failure(test, error, blockedBy),
      tries: tries.map((thrown) => this.#failure(test, thrown)),
      output: output.filter((part) => part !== "").join("\n"),
    };
  }

  #text(evidence: Evidence): string {
    const text = this.#evidenceLength > EVIDENCE_LENGTH ? LEFT_OUT : evidenceText(evidence);
    this.#evidenceLength += text.length;
    return text;
  }

  /** The element that mocha-junit-reporter makes of an error: message, type, diff and, if wanted, the stack. */
  #failure(test: Test, error: unknown, blockedBy?: Error): FailureNode {
    const shown = shownError(error);
    if (isError(shown) && !this.#junit.stack) shown.stack = "";
    // What there is to say of a hook stands with the hook that failed, and not with every spec that it blocked.
    if (isError(shown) && blockedBy !== undefined) shown.message = `blocked: ${blockedBy.message.split("\n")[0]}`;
    const { testcase } = elements.getTestcaseData(test, shown);
    const { failure } = testcase.findLast((node) => "failure" in node) as {
      failure: { _attr: { message: string; type: unknown } };
    };
    failure._attr.type = xmlText(String(failure._attr.type));
    // Readers show the attribute in a list; the whole of it is in the body.
    failure._attr.message = failure._attr.message.split("\n")[0]!;
    return failure;
  }

  #missingFile(path: string): SuiteResult {
    const file = relative(process.cwd(), path);
    const unfinished: CaseResult = {
      name: WHOLE_FILE,
      classname: `${this.#junit.suite}.${file}`,
      file,
      timeMs: 0,
      outcome: "unfinished",
      failure: undefined,
      tries: [],
      output: "",
    };
    return { name: file, file, startedAt: new Date(this.#startedAt), timeMs: 0, cases: [unfinished] };
  }
}

/** As Jenkins and GitLab read it, alone on its line. */
function attachment(path: string): string {
  return `[[ATTACHMENT|${path}]]`;
}
