import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { readConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import { settleAll } from "../engine/docker/labels.ts";
import { readFacts } from "../engine/kept/kept-note.ts";
import { guardReusableStack, keptHere, removeReusableStack } from "../engine/kept/reusable-stack.ts";
import { usageError } from "../errors.ts";
import { endingLine, onEndSignals } from "../signals.ts";
import { complain, say } from "../terminal.ts";
import type { Given } from "./command.ts";
import { selectionWords, withSelection } from "./selection-words.ts";
import { listSuites, specFiles, targetSuite } from "./suites.ts";
import { runSuiteProcess } from "./suite-process.ts";
import { watchFiles } from "./watch-files.ts";
import type { Edits } from "./watch-files.ts";
import { importersOf } from "./watch-imports.ts";

/**
 * `stackspec watch`: runs spec files, then, after each edit, those that it concerns: an edited spec file alone, those that import
 * an edited module, and all of them when anything else was edited, of which their stack may be made. The stack is kept between
 * these runs, each of which starts anew what of it was edited. A run that fails, whatever for, is not the last.
 *
 * @returns the exit code, when it is told to end and what it has kept is removed
 */
export async function watchProject(given: Given): Promise<number> {
  const { flags, words } = given;
  const config = withSelection(readConfig(), given);
  const mocha = [...selectionWords(config), ...given.mocha];
  const { suite, files } = await choose(config, words);
  const ended = new AbortController();
  onEndSignals((signal) => {
    complain(endingLine(signal));
    ended.abort();
  });
  const kept = await keptStacks();
  const edits = await watchFiles(config.folders.reports);
  try {
    // Files may come and go.
    const all = async (): Promise<string[]> => (files.length > 0 ? [...files] : specFiles(config, suite, true));
    const written = new Set<string>();
    let next: readonly string[] = await all();
    while (!ended.signal.aborted) {
      const chosen = next.filter((file) => existsSync(file));
      if (chosen.length > 0) {
        const environment = { STACKSPEC_KEEP: "true" };
        await runSuiteProcess({ suite, mocha: [...chosen, ...mocha], environment, signal: ended.signal });
        await kept.guard();
      }
      if (ended.signal.aborted) break;
      const edited = await nextEdit(edits, written, ended.signal);
      if (edited.length > 0) say(`Edited: ${edited.map((file) => relative("", file)).join(", ")}`);
      next = await concerned(edited, await all());
    }
  } finally {
    await edits.close();
    if (!flags.has("keep") && !config.keep) await kept.remove();
    kept.dismiss();
  }
  return 0;
}

/**
 * What was edited while specs ran, or is next. What changed meanwhile may have been written by the run: it counts once, until it
 * is edited while none runs, so that no run is the reason for the next for ever.
 */
async function nextEdit(edits: Edits, written: Set<string>, signal: AbortSignal): Promise<readonly string[]> {
  const meanwhile = (await edits.since()).filter((file) => !written.has(file));
  for (const file of meanwhile) written.add(file);
  if (meanwhile.length > 0) return meanwhile;
  say("\nWaiting for an edit; Ctrl-C ends it");
  while (!signal.aborted) {
    const edited = await edits.next(signal);
    for (const file of edited) written.delete(file);
    // What git ignores is none.
    if (edited.length > 0) return edited;
  }
  return [];
}

/** A suite, files of the suite that needs a target, or files of the suite that is named first. */
async function choose(config: Config, words: readonly string[]): Promise<{ suite: string; files: readonly string[] }> {
  const [first, ...rest] = words;
  const isSuite = first !== undefined && !existsSync(first);
  if (isSuite && !(await listSuites(config)).includes(first))
    throw usageError("stackspec watch", `expected a suite or spec files, got "${first}"`);
  const files = isSuite ? rest : words;
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw usageError("stackspec watch", `expected spec files, got "${missing}"`);
  const suite = isSuite ? first : ((await suiteOfFile(config, words)) ?? targetSuite(config));
  if (files.length === 0) await specFiles(config, suite);
  return { suite, files };
}

/** The suite in whose folder a spec file is. */
async function suiteOfFile({ folders }: Config, [file]: readonly string[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const [suite, ...below] = relative(folders.specs, file).split(/[/\\]/);
  return suite === ".." || below.length === 0 ? undefined : suite;
}

async function concerned(edited: readonly string[], specs: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const file of edited) {
    const importers = await importersOf(file, specs);
    // Of another suite, or gone.
    if (importers.length === 0 && /\.spec\.[jt]s$/.test(file)) continue;
    // What no spec file imports may be what their stack is made of, or how they are run.
    if (importers.length === 0) return specs;
    for (const each of importers) found.add(each);
  }
  return specs.filter((file) => found.has(resolve(file)));
}

/** The stacks that are kept from now on: not those that were before, of which something is noted. */
async function keptStacks() {
  const names = async (): Promise<string[]> => {
    const runtime = await connectEngine().catch(() => undefined);
    return runtime === undefined ? [] : keptHere(runtime);
  };
  const before = new Set<string>();
  for (const name of await names()) if ((await readFacts(name)) !== undefined) before.add(name);
  const watchdogs = new Map<string, () => void>();
  return {
    /** Has them removed if this process is killed. */
    async guard() {
      for (const name of await names())
        if (!before.has(name) && !watchdogs.has(name)) watchdogs.set(name, guardReusableStack(name));
    },
    async remove() {
      const found = (await names()).filter((name) => !before.has(name));
      if (found.length === 0) return;
      const runtime = await connectEngine();
      await settleAll(found.map((name) => removeReusableStack(runtime, name)));
    },
    dismiss: () => watchdogs.forEach((dismiss) => dismiss()),
  };
}
