import { XMLParser } from "fast-xml-parser";

/** Reads JUnit XML: attributes as text under their own names, suites and cases as lists, however few there are. */
export const junitParser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});
