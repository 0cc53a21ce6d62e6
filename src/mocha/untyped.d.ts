declare module "mocha-junit-reporter" {
  import type { MochaOptions, Runner, Suite, Test } from "mocha";

  /** A node as the package `xml` writes it: attributes first, then children. */
  type XmlNode = Record<string, unknown>;

  /** The parts of mocha-junit-reporter 2.2 that our reporter builds on. */
  export default class MochaJUnitReporter {
    protected _options: { mochaFile: string; properties?: Record<string, string> };
    constructor(runner: Pick<Runner, "on" | "once">, options: MochaOptions);
    getTestsuiteData(suite: Suite): { testsuite: XmlNode[] };
    getTestcaseData(test: Test, error?: unknown): { testcase: XmlNode[] };
    formatReportFilename(xml: string, suites: unknown[]): string;
    removeInvalidCharacters(text: string): string;
  }
}

declare module "xml" {
  export default function xml(tree: object, options: { declaration: boolean; indent: string }): string;
}

declare module "mocha/lib/cli/options.js" {
  /** Mocha's settings: from its configuration file, package.json and these words. */
  export function loadOptions(words: string[]): MochaSettings;
  export interface MochaSettings {
    require?: string | string[];
    reporter?: string;
    exit?: boolean;
    parallel?: boolean;
    jobs?: number;
  }
}

declare module "mocha/lib/cli/cli.js" {
  /** The mocha command, as `bin/mocha` calls it. */
  export function main(words: string[]): void;
}

declare module "mocha/lib/cli/run-option-metadata.js" {
  /** Mocha's options, without their dashes, by the type of their value. */
  export const types: Readonly<Record<"array" | "boolean" | "number" | "string", readonly string[]>>;
  /** Other names of an option: letters and words. */
  export const aliases: Readonly<Record<string, readonly string[]>>;
}
