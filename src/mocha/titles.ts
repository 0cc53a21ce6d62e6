import type { Suite } from "mocha";

/** The titles from the root down. What comes from a parallel worker has no `titlePath`. */
export function suiteTitles(suite: Suite): string[] {
  const above = suite.parent === undefined || suite.parent === null ? [] : suiteTitles(suite.parent);
  return suite.title ? [...above, suite.title] : above;
}
