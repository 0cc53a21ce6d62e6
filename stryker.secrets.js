// `npm run mutants:secrets`: all specs reach the mask, so that each of its mutants would meet all of them. Here they meet
// those that are about it.
import rest from "./stryker.config.js";

export default {
  ...rest,
  mutate: ["src/secrets.ts"],
  mochaOptions: { ...rest.mochaOptions, spec: ["specs/unit/secret*.spec.ts"], ignore: [] },
  htmlReporter: { fileName: "reports/mutants-secrets.html" },
};
