// Mutation testing: `npm run mutants` puts defects into the rooms that are pure, one at a time, and shows those that no
// unit spec notices. It takes ten minutes and needs no engine. The mask has a file of its own.
export default {
  mutate: [
    "src/{stack,http,config}/**/*.ts",
    // The HTML page and what CI systems are told is looked at in a browser, and in runs: by specs/report and specs/runs.
    "src/report/{failed-specs,junit,text,totals,write}.ts",
    "src/sharding/{deal,durations,check-shards}.ts",
    "src/errors.ts",
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
      "specs/unit/{asking,command-words,config-file,doctor,exit-code,explain,github,imported-code,init}.spec.ts",
      "specs/unit/{junit-failures,junit-reporter,no-containers,packed,request-timeout,restored-once}.spec.ts",
      "specs/unit/{start-up,terminal,two-runs}.spec.ts",
      // They need hooks around each spec, which this runner does not know.
      "specs/unit/{eventually,owner}.spec.ts",
    ],
    // As a file: what .mocharc.yml requires is loaded before there is a mutant, and all that it imports with it.
    require: [],
    file: ["src/mocha/hooks.ts"],
  },
  testRunnerNodeArgs: [
    // As .mocharc.yml says, which cannot reach into the runner's own processes.
    "--conditions=development",
    // What they tell the runner is not masked, as it is else with these hooks: a mutant that masks all would end the run.
    `--import=data:text/javascript,${encodeURIComponent(
      "const { send } = process; Object.defineProperty(process, 'send', { get: () => send, set: () => {} })",
    )}`,
  ],
  // Each mutant meets the specs that reach it, and no others.
  coverageAnalysis: "perTest",
  // What a module makes when it is loaded would meet all of them, a minute each time: 699 of 4,475 mutants, 99 % of the time.
  ignoreStatic: true,
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
