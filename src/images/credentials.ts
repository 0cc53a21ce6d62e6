import { learnSecrets } from "../secrets.ts";

/**
 * The Docker config's credentials for a registry, those of its stores and helpers too; undefined when it has none. They are
 * masked from now on.
 * Testcontainers reads them as the Docker CLI does, and keeps that to itself: this is the one place that reaches for it,
 * and `specs/unit/internals.spec.ts` fails when a version no longer has it.
 */
export async function credentialsFor(registry: string) {
  const { getAuthConfig } = await import("testcontainers/build/container-runtime/auth/get-auth-config.js");
  const found = await getAuthConfig(registry);
  learnSecrets({ ...found });
  return found;
}
