/** Where a Dockerfile names an image that it does not build itself. */
interface Use {
  /** With the defaults of the ARGs before the first FROM. */
  readonly image: string;
  readonly from: number;
  readonly to: number;
}

/** FROM with its image and the name of its stage; COPY from an image; an ARG's name and default. */
const INSTRUCTION =
  /^[ \t]*(?:FROM(?:[ \t]+--\S+)*[ \t]+(?<base>[^\s-]\S*)(?:[ \t]+AS[ \t]+(?<stage>\S+))?|COPY[ \t]+(?:--\S+[ \t]+)*?--from=(?<source>\S+)|ARG[ \t]+(?<args>.+))/gim;
const VARIABLE = /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g;

/**
 * The images that a Dockerfile stands on and copies from, each once. What only a build argument can tell is left to the engine.
 *
 * @param target the last stage that is built; undefined: all are
 */
export function basesOf(dockerfile: string, target?: string): string[] {
  return [...new Set(usesOf(dockerfile, target).map(({ image }) => image))];
}

/** The same Dockerfile with other references in the place of these images. */
export function withBases(dockerfile: string, references: ReadonlyMap<string, string>): string {
  let text = dockerfile;
  // From behind: what stands before keeps its place.
  for (const { image, from, to } of usesOf(dockerfile).toReversed()) {
    const reference = references.get(image) ?? image;
    if (reference !== image) text = text.slice(0, from) + reference + text.slice(to);
  }
  return text;
}

function usesOf(dockerfile: string, target?: string): Use[] {
  const defaults = new Map<string, string>();
  const stages = new Set(["scratch"]);
  let count = 0;
  const uses: Use[] = [];
  for (const { 0: line, index, groups } of dockerfile.matchAll(INSTRUCTION)) {
    const { base, stage, source, args } = groups!;
    if (base !== undefined && target !== undefined && stages.has(target.toLowerCase())) break;
    if (args !== undefined && count === 0)
      for (const [, name, value] of args.matchAll(/(\w+)=("[^"]*"|'[^']*'|\S*)/g))
        defaults.set(name!, expanded(value!.replaceAll(/^["']|["']$/g, ""), defaults) ?? "");
    const named = base ?? source;
    if (named === undefined) continue;
    const image = expanded(named, defaults) ?? "";
    const isStage = stages.has(image.toLowerCase()) || (source !== undefined && /^\d+$/.test(image));
    const from = index + line.indexOf(named, line.search(/\S/) + "FROM".length);
    if (!isStage && image !== "") uses.push({ image, from, to: from + named.length });
    if (base === undefined) continue;
    count += 1;
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return uses;
}

/** @returns undefined where a variable has no value */
function expanded(text: string, values: ReadonlyMap<string, string>): string | undefined {
  let isKnown = true;
  const found = text.replaceAll(VARIABLE, (_, braced?: string, fallback?: string, plain?: string) => {
    const value = values.get((braced ?? plain)!) ?? fallback;
    isKnown &&= value !== undefined;
    return value ?? "";
  });
  return isKnown ? found : undefined;
}
