// Mutation testing: `npm run mutants` puts defects into the rooms that are pure, one at a time, and shows those that no
// unit spec notices. It takes minutes and needs no engine.
export default {
  mutate: [
    "src/{stack,http,report,config}/**/*.ts",
    "src/sharding/{deal,durations,check-shards}.ts",
    "src/errors.ts",
    "src/secrets.ts",
    "src/images/digest.ts",
    "src/engine/container/declaration.ts",
    "src/engine/snapshot/{key,store}.ts",
    "src/pipeline/{tags,summary,outcome}.ts",
  ],
  testRunner: "mocha",
  mochaOptions: {
    spec: ["specs/unit/*.spec.ts"],
    ignore: [
      // They look at processes that they start, which meet no mutants.
      "specs/unit/{command-words,doctor,exit-code,imported-code,junit-failures,junit-reporter,no-containers}.spec.ts",
      "specs/unit/{packed,restored-once,terminal,two-runs}.spec.ts",
      // It needs hooks around each spec, which this runner does not know.
      "specs/unit/eventually.spec.ts",
    ],
    // As a file: what .mocharc.yml requires is loaded before there is a mutant, and all that it imports with it.
    require: [],
    file: ["src/mocha/hooks.ts"],
  },
  // As .mocharc.yml says, which cannot reach into the runner's own processes.
  testRunnerNodeArgs: ["--conditions=development"],
  // Each mutant meets the specs that reach it, and no others.
  coverageAnalysis: "perTest",
  concurrency: 2,
  // A mutant that times out counts as noticed: the time is long enough that no machine is too slow for it.
  timeoutMS: 20_000,
  // Node strips the types. Stryker would read tsconfig.json with the API of an older TypeScript.
  disableTypeChecks: false,
  ignorePatterns: ["tsconfig.json"],
  reporters: ["progress", "clear-text", "html"],
  clearTextReporter: { reportTests: false },
  htmlReporter: { fileName: "reports/mutants.html" },
  thresholds: { high: 95, low: 90, break: 90 },
};
