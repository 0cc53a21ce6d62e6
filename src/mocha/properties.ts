/** What a report says of a run: what it talked to, the stacks it started, the images it used, and what its order came from. */
export function propertiesOf(
  url: string | undefined,
  stackNames: ReadonlySet<string>,
  images: readonly Readonly<Record<"name" | "reference" | "digest" | "origin", string>>[],
  seed: number | undefined,
): Record<string, string> {
  return {
    ...(url !== undefined && { url }),
    ...(stackNames.size > 0 && { stack: [...stackNames].join(", ") }),
    ...(seed !== undefined && { seed: `${seed}` }),
    ...Object.fromEntries(
      images.map(({ name, reference, digest, origin }) => [`image.${name}`, `${reference} ${digest} (${origin})`]),
    ),
    "version.node": process.versions.node,
  };
}
