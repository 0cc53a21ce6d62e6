import { checkOptions, checkValue, isListOf, isText, onOrOff, paths, rule } from "./check.ts";

// As in https://github.com/distribution/reference/blob/main/regexp.go, without a registry.
const NAME = rule(
  "an image's name: lower-case letters and digits, with single dots, hyphens, underscores or slashes between them",
  (name) => typeof name === "string" && /^[a-z0-9]+((\.|_{1,2}|-+|\/)[a-z0-9]+)*$/.test(name),
);
const FOLDER = rule("the folder of a Dockerfile", isText);
const OPTIONS = {
  inputs: paths,
  artefact: rule("a command and its words, as a list", (words) => isListOf(words, isText)),
  network: onOrOff,
  target: rule("a stage's name", isText),
};

/** What a service runs: an image's name, or a recipe to build it. */
export type ImageSource = string | ImageBuild;

/** An image that is built from a folder with a Dockerfile whose `ARG BASE=name` names its base image. */
export interface ImageBuild {
  readonly kind: "build";
  /** The name it gets, with no tag: the tag is a digest of everything it is made from. */
  readonly name: string;
  /** Folder of the Dockerfile, relative to the working directory. */
  readonly folder: string;
  /** Files and folders that decide what the image is; the default is `folder`. */
  readonly inputs: readonly string[];
  /** Runs before the build and makes the artefact that the Dockerfile copies. */
  readonly artefact: readonly string[] | undefined;
  /** Whether the build's steps may use the network. */
  readonly network: boolean;
  /** The stage of the Dockerfile that becomes the image; undefined: the last one. */
  readonly target: string | undefined;
}

/**
 * An image built from `folder`. It is built once for the same inputs and base, and kept.
 *
 * @param name what the image is called, for example `todobackend`
 * @param options `inputs`: what its content depends on (default: the folder);
 *   `artefact`: the command that makes what the Dockerfile copies, for example `["npm", "run", "build"]`;
 *   `network`: the build's steps may use the network, as `apt-get install` must (default: false);
 *   `target`: the stage of the Dockerfile that becomes the image (default: the last one)
 * @throws StackspecError `USAGE` for a name that no image has, no folder, or an option that there is not
 */
export function imageFrom(
  name: string,
  folder: string,
  options: {
    readonly inputs?: readonly string[];
    readonly artefact?: readonly string[];
    readonly network?: boolean;
    readonly target?: string;
  } = {},
): ImageBuild {
  checkValue("imageFrom()", name, NAME);
  checkValue(`imageFrom("${name}")`, folder, FOLDER);
  checkOptions(`imageFrom("${name}")`, options, OPTIONS);
  const { inputs = [folder], artefact, network = false, target } = options;
  return { kind: "build", name, folder, inputs, artefact, network, target };
}

/** How an image source is called in messages. */
export function imageName(source: ImageSource): string {
  return typeof source === "string" ? source : source.name;
}
