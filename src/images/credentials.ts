/**
 * The Docker config's credentials for a registry, those of its stores and helpers too; undefined when it has none.
 * Testcontainers reads them as the Docker CLI does, and keeps that to itself: this is the one place that reaches for it,
 * and `specs/unit/internals.spec.ts` fails when a version no longer has it.
 */
export async function credentialsFor(registry: string) {
  const { getAuthConfig } = await import("testcontainers/build/container-runtime/auth/get-auth-config.js");
  return getAuthConfig(registry);
}
