import { CI_FILES } from "./init-ci.ts";
import { SHARDED_CI_FILES } from "./init-ci-shards.ts";
import { recipeOf } from "./init-services.ts";
import type { KnownService, ServiceRecipe } from "./init-services.ts";

/** The image that a project's Dockerfile makes. */
interface OwnImage {
  readonly name: string;
  readonly port: number;
}

/** What the files of a new project depend on. */
export interface Choices {
  /** "ts" or "mts", "js" or "mjs". */
  readonly extension: string;
  /** A service that everybody knows; undefined: one that speaks HTTP. */
  readonly service: KnownService | undefined;
  /** The project's own image, where it has a Dockerfile. */
  readonly image: OwnImage | undefined;
  readonly ci: keyof typeof CI_FILES;
  /** How many machines it runs; undefined: one. */
  readonly shards: number | undefined;
}

/** Whether there is a file of this CI system for several machines. */
export function isSharded(ci: Choices["ci"]): ci is keyof typeof SHARDED_CI_FILES {
  return Object.hasOwn(SHARDED_CI_FILES, ci);
}

/** The files of a new project, by their paths. */
export function newFiles(
  { extension, service, image, ci, shards }: Choices,
  script: string,
): ReadonlyMap<string, string> {
  const name = service ?? image?.name ?? "web";
  const suite = service === undefined ? "acceptance" : "integration";
  const [stack, spec] = service === undefined ? http(name, image) : known(name, recipeOf(service), extension, image);
  const text = shards !== undefined && isSharded(ci) ? forShards(SHARDED_CI_FILES[ci], shards) : CI_FILES[ci].text;
  return new Map([
    [`stackspec.config.${extension}`, config(service === undefined ? name : undefined)],
    [`specs/stacks/${name}.${extension}`, stack!],
    [`specs/${suite}/${name}.spec.${extension}`, spec!],
    [CI_FILES[ci].path, text.replace("SCRIPT", script === "test" ? "test" : `run ${script}`)],
  ]);
}

function forShards(text: string, shards: number): string {
  const numbers = Array.from({ length: shards }, (_, index) => index + 1);
  return text.replace("NUMBERS", numbers.join(", ")).replace("TOTAL", String(shards));
}

/** A line of a file. It does not stand here as such a line would: what imports what is read in this source. */
function importOf(names: string, path: string): string {
  return `import ${names} from "${path}";`;
}

/** @param defaultStack undefined where no suite talks to a target */
function config(defaultStack: string | undefined): string {
  const line =
    defaultStack === undefined
      ? "  // `npx stackspec config` shows what can stand here.\n"
      : `  // What useTarget() talks to, unless STACK or URL says otherwise.\n  defaultStack: "${defaultStack}",\n`;
  return `import { defineConfig } from "stackspec";\n\nexport default defineConfig({\n${line}});\n`;
}

/** What is declared of the image that the Dockerfile of this folder makes. */
function optionsOf({ name, port }: OwnImage, after = ""): string {
  return `{
    // The Dockerfile of this folder; its steps may use the network.
    image: imageFrom("${name}", ".", { network: true }),${after}
    http: { port: ${port} },
    ready: listens(${port}),
  }`;
}

function http(name: string, image: OwnImage | undefined): readonly string[] {
  const names = image === undefined ? "answers, defineStack" : "defineStack, imageFrom, listens";
  const options =
    image === undefined ? `{ image: "nginx:1.30", http: { port: 80 }, ready: answers("/") }` : optionsOf(image);
  return [
    `${importOf(`{ ${names} }`, "stackspec")}
${importOf("{ GenericContainer }", "testcontainers")}

export default defineStack("${name}", (stack) => {
  const target = stack.service("${name}", ({ image }) => new GenericContainer(image), ${options});
  return { target };
});
`,
    `${importOf("{ expect }", "chai")}
${importOf("{ useTarget }", "stackspec")}

describe("${name}", () => {
  const api = useTarget();

  it("answers", async () => {
    const { status } = await api.get("/");
    expect(status).to.be.below(500);
  });
});
`,
  ];
}

/** A stack of one service that everybody knows, and of the project's own application where there is one. */
function known(name: string, recipe: ServiceRecipe, extension: string, image: OwnImage | undefined): readonly string[] {
  const { port, environment, command, prints, fact, told } = recipe;
  const names = ["defineStack", ...(image === undefined ? [] : ["imageFrom", "listens"])];
  if (environment.includes("secret(")) names.push("secret");
  const variables = environment === "{}" ? "" : `\n        .withEnvironment(${environment})`;
  const application =
    image === undefined
      ? ""
      : `  const target = stack.service(
    "${image.name === name ? "app" : image.name}",
    // Where the other one is: your application may have another name for that.
    ({ image }) => new GenericContainer(image).withEnvironment({ ${told.join(": ")} }),
    ${optionsOf(image, `\n    after: [${name}],`)},
  );
`;
  const answers = `
  it("lets the application answer", async () => {
    const { status } = await stack.target.http.get("/");
    expect(status).to.be.below(500);
  });
`;
  return [
    `${importOf(`{ ${names.join(", ")} }`, "stackspec")}
${importOf("{ GenericContainer }", "testcontainers")}

export default defineStack("${name}", (stack) => {
  const ${name} = stack.service(
    "${name}",
    ({ image }) =>
      new GenericContainer(image)${variables}
        .withExposedPorts(${port}),
    { image: "${recipe.image}" },
  );
${application}  return { ${image === undefined ? name : `target, ${name}`} };
});
`,
    `${importOf("{ expect }", "chai")}
${importOf("{ useStack }", "stackspec")}
${importOf(name, `../stacks/${name}.${extension}`)}

describe("${name}", () => {
  const stack = useStack(${name});

  it("${fact}", async () => {
    const { output } = await stack.${name}.exec([${command.map((word) => (word.includes('"') ? `'${word}'` : `"${word}"`)).join(", ")}]);
    expect(output).to.include("${prints}");
  });
${image === undefined ? "" : answers}});
`,
  ];
}
