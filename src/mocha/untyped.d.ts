declare module "mocha-junit-reporter" {
  import type { Test } from "mocha";

  /** A node as the package `xml` writes it: attributes first, then children. */
  type XmlNode = Record<string, unknown>;

  /** The part of mocha-junit-reporter 2.2 that our reporter uses, and what that uses. */
  export default class MochaJUnitReporter {
    _options: object;
    getTestcaseData(test: Test, error?: unknown): { testcase: XmlNode[] };
    removeInvalidCharacters(text: string): string;
  }
}

declare module "xml" {
  export default function xml(tree: object, options: { declaration: boolean; indent: string }): string;
}

declare module "mocha/lib/cli/cli.js" {
  /** The mocha command, as `bin/mocha` calls it. */
  export function main(words: string[]): void;
}
