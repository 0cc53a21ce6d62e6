import { learnSecrets } from "../secrets.ts";

/** The environment of this process, for those who read settings. Secrets in it are masked from now on. */
export function processEnvironment(): NodeJS.ProcessEnv {
  learnSecrets(process.env);
  return process.env;
}

/** Masks these values from now on, whatever their variables are called. */
export function learnValues(values: readonly (string | undefined)[]): void {
  for (const value of values) learnSecrets({ SECRET: value });
}
