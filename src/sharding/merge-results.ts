import { randomUUID } from "node:crypto";
import { summaryOf } from "../report/ctrf.ts";
import type { Ctrf, CtrfTest } from "../report/ctrf.ts";
import type { Timeline } from "../report/timeline.ts";
import type { ShardResults } from "./check-shards.ts";

/** What a merge is called in its report, where it has problems of its own. */
export const MERGE = "the shards are one suite";
/** So many shards are on the time axis: those in which something failed, before others. */
const ON_AXIS = 5;
/** How many characters of what failed specs have seen are kept in all. */
const EVIDENCE_LENGTH = 16 * 1024 * 1024;

/** The results of all shards of a suite as those of one run: its specs in the order of their files. */
export function mergeResults(shards: readonly ShardResults[], problems: readonly string[]): Ctrf {
  const all = shards.toSorted((a, b) => a.shard.number - b.shard.number);
  const [first] = all;
  const results = all.map(({ content }) => content.results);
  const tests = [...bounded(inOrder(results.flatMap((each) => each.tests))), ...problems.map(problemTest)];
  const start = Math.min(...results.map(({ summary }) => summary.start));
  const stop = Math.max(...results.map(({ summary }) => summary.stop));
  const { environment, tool } = first!.content.results;
  return {
    ...first!.content,
    reportId: randomUUID(),
    timestamp: new Date(start).toISOString(),
    results: {
      tool,
      summary: summaryOf(tests, start, stop),
      tests,
      environment: {
        ...environment,
        extra: {
          ...environment.extra,
          properties: Object.assign({}, ...results.map((each) => each.environment.extra.properties), {
            shards: String(first!.shard.total),
          }) as Record<string, string>,
        },
      },
      extra: { isOver: results.every(({ extra }) => extra.isOver), timeline: mergeTimelines(all) },
    },
  };
}

/** Those of one file stay as they are; those of none come last. */
function inOrder(tests: readonly CtrfTest[]): CtrfTest[] {
  const files = [...Map.groupBy(tests, ({ filePath }) => filePath ?? "")];
  return files.toSorted(([a], [b]) => Number(a === "") - Number(b === "") || (a < b ? -1 : 1)).flatMap(([, of]) => of);
}

function bounded(tests: readonly CtrfTest[]): CtrfTest[] {
  let length = 0;
  return tests.map((test) => {
    if (test.extra === undefined) return test;
    length += JSON.stringify(test.extra).length;
    if (length <= EVIDENCE_LENGTH) return test;
    const { exchanges: _, logs: __, ...rest } = test.extra;
    return { ...test, extra: { ...rest, leftOut: true } };
  });
}

function problemTest(message: string, index: number): CtrfTest {
  return { testId: `merge-${index}`, name: MERGE, status: "failed", rawStatus: "error", duration: 0, message };
}

function mergeTimelines(shards: readonly ShardResults[]): Timeline {
  const isRed = ({ content }: ShardResults): boolean =>
    content.results.summary.failed + content.results.summary.other > 0;
  const shown = [...shards.filter(isRed), ...shards.filter((each) => !isRed(each))].slice(0, ON_AXIS);
  const of = <T>(pick: (timeline: Timeline, named: (text: string) => string) => readonly T[]): T[] =>
    shown.flatMap(({ shard, content }) =>
      pick(content.results.extra.timeline, (text) => `${text} (${shard.number}/${shard.total})`),
    );
  return {
    phases: of(({ phases }, named) => phases.map((each) => ({ ...each, name: named(each.name) }))),
    images: of(({ images }, named) => images.map((each) => ({ ...each, name: named(each.name) }))),
    nodes: of(({ nodes }, named) => nodes.map((each) => ({ ...each, name: named(each.name) }))),
    logs: of(({ logs }, named) => logs.map((each) => ({ ...each, service: named(each.service) }))),
    notices: of(({ notices }, named) => notices.map((each) => ({ ...each, text: named(each.text) }))),
  };
}
