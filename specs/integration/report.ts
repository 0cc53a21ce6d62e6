const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&" } as const;

/** The element of one case in a JUnit report, from its tag to its end, as a reader of it would see the text. */
export function caseOf(report: string, title: string): string {
  const cases = [...report.matchAll(/<testcase\b[^>]*?(?:\/>|>[\s\S]*?<\/testcase>)/g)].map(([element]) => element);
  const found = cases.filter((element) => element.includes(`name="${title}"`));
  if (found.length !== 1) throw new Error(`expected one case "${title}", got ${found.length} in:\n${report}`);
  return found[0]!.replaceAll(/&(lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity as keyof typeof ENTITIES]);
}

/** The number that the root element of a JUnit report gives. */
export function countOf(report: string, name: "tests" | "failures" | "errors"): number {
  return Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(report)?.[1] ?? Number.NaN);
}
