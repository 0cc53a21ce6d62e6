import XMLBuilder from "fast-xml-builder";
import { XMLParser } from "fast-xml-parser";

/** An element as the parser gives it in the order of the document: its children under its name, its attributes beside them. */
interface Element {
  readonly testsuites?: readonly Element[];
  readonly testsuite?: readonly Element[];
  readonly testcase?: readonly Element[];
  readonly "system-out"?: readonly Element[];
  readonly "#text"?: string;
  readonly ":@"?: Readonly<Record<string, string>>;
}

/** As in the report of one run. */
const EVIDENCE_LENGTH = 10 * 1024 * 1024;
const LEFT_OUT = "What was seen meanwhile is left out: this report has 10 MiB of such evidence before.";

/** Everything stays as it is written: entities, CDATA and spaces. */
const AS_WRITTEN = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  processEntities: false,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  cdataPropName: "#cdata",
};
const parser = new XMLParser(AS_WRITTEN);
const builder = new XMLBuilder({ ...AS_WRITTEN, suppressEmptyNode: true });

/**
 * The reports of several runs as one: their test suites in the order of their files, with the totals of all.
 *
 * @param reports the texts of reports that stackspec has written, at least one
 */
export function mergeJUnit(reports: readonly string[]): string {
  const roots = reports.map((text) => (parser.parse(text) as Element[]).find((each) => each.testsuites !== undefined));
  const suites = roots.flatMap((root) => root?.testsuites ?? []).filter(({ testsuite }) => testsuite !== undefined);
  const files = [...Map.groupBy(suites, (suite) => suite[":@"]?.["file"] ?? "")];
  const ordered = files
    .toSorted(([a], [b]) => Number(a === "") - Number(b === "") || (a < b ? -1 : 1))
    .flatMap(([, found]) => found);
  const sum = (name: string): number => roots.reduce((all, root) => all + Number(root?.[":@"]?.[name] ?? 0), 0);
  const attributes = {
    name: roots[0]?.[":@"]?.["name"] ?? "",
    time: sum("time").toFixed(3),
    tests: sum("tests"),
    failures: sum("failures"),
    errors: sum("errors"),
  };
  const head = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  const body = bounded(ordered).map((suite) => `\n  ${builder.build([suite])}`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head.join("")}>${body.join("")}\n</testsuites>`;
}

/** The same with no more of what failed specs have seen than one report has. */
function bounded(suites: readonly Element[]): Element[] {
  let length = 0;
  const shortened = (element: Element): Element => {
    const output = element["system-out"];
    if (output === undefined) return element;
    length += output.reduce((sum, each) => sum + (each["#text"]?.length ?? 0), 0);
    return length <= EVIDENCE_LENGTH ? element : { ...element, "system-out": [{ "#text": LEFT_OUT }] };
  };
  const ofCase = (element: Element): Element =>
    element.testcase === undefined ? element : { ...element, testcase: element.testcase.map(shortened) };
  return suites.map((suite) => ({ ...suite, testsuite: suite.testsuite!.map(ofCase) }));
}
