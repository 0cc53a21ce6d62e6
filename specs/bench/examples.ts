import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_LABEL } from "../../src/engine/snapshot/store.ts";
import { installExample } from "../examples/example.ts";
import type { Example } from "../examples/example.ts";
import type { Bench } from "./bench.ts";
import { now, run } from "./child.ts";
import { composeProject } from "./compose.ts";
import type { ComposeProject } from "./compose.ts";
import { untilAnswers } from "./programs/tell.ts";
import type { Subject } from "./rounds.ts";

interface Recipe {
  readonly name: string;
  /** A file of the application, in Python. */
  readonly edited: string;
  /** For `npm test`, so that it runs all that is run by compose. */
  readonly profiles: string;
  /** The services whose images compose builds: it leaves out those of profiles that nobody names. */
  readonly built: readonly string[];
  /** What is typed where there is compose, up to where the address answers. */
  readonly steps: readonly (readonly string[])[];
  readonly answers: string;
  /** The specs that need nothing but an address: what the others state is run by compose itself. */
  readonly specs: readonly string[];
}

/** Within which a stack of compose has to answer. */
const ANSWERS_MS = 120_000;

const once = (service: string): readonly string[] => ["run", "--rm", "-T", service];
const untilPostgres = ["exec", "-T", "db", "sh", "-c", "until pg_isready --quiet --host 127.0.0.1; do sleep 1; done"];

const RECIPES: readonly Recipe[] = [
  {
    name: "page-tracker",
    edited: "web/page_tracker/app.py",
    profiles: "testing",
    built: ["tests", "web"],
    steps: [once("tests"), ["up", "-d", "web"]],
    answers: "/",
    specs: ["views.spec.ts"],
  },
  {
    name: "web-postgres-redis",
    edited: "app/app.py",
    profiles: "",
    built: [],
    steps: [["up", "-d", "db", "cache"], untilPostgres, once("migrate"), ["up", "-d", "web"]],
    answers: "/names",
    specs: ["names.spec.ts", "visits.spec.ts"],
  },
  {
    name: "stock",
    edited: "app/stock/tickers/views.py",
    profiles: "",
    built: [],
    steps: [
      ["up", "-d", "db", "redis", "rabbitmq", "quotes"],
      untilPostgres,
      ...["tests", "migrate", "load-tickers"].map(once),
      ["up", "-d"],
    ],
    answers: "/health/quotes-updated",
    specs: ["health.spec.js", "tickers.spec.js"],
  },
];

/** Milliseconds of whole commands: each example by compose and by `npm test`, unchanged and with an edited application. */
export async function examples(bench: Bench): Promise<Subject<number>[]> {
  const subjects: Subject<number>[] = [];
  for (const recipe of RECIPES) {
    bench.say(`Installing ${recipe.name}`);
    const example = await installExample(recipe.name);
    const made = composeOf(bench, recipe, example);
    bench.atEnd(async () => {
      // In this order: compose reads the folder.
      await Promise.allSettled([made.then(({ down }) => down("--rmi", "local"))]);
      await Promise.allSettled([bench.runtime.docker.getImage(ownImage(bench, recipe)).remove({ force: true })]);
      await example.remove();
    });
    subjects.push(...subjectsOf(bench, recipe, example, await made));
  }
  return subjects;
}

function subjectsOf(bench: Bench, recipe: Recipe, example: Example, compose: ComposeProject): Subject<number>[] {
  const { name, edited, profiles } = recipe;
  let edits = 0;
  const edit = (): void => appendFileSync(join(example.folder, edited), `# ${bench.id} ${(edits += 1)}\n`);
  const byCompose = async (): Promise<number> => {
    const before = now();
    await compose.compose("build", ...recipe.built);
    try {
      for (const words of recipe.steps) await compose.compose(...words);
      const url = `http://127.0.0.1:${compose.port}`;
      await untilAnswers(`${url}${recipe.answers}`, AbortSignal.any([bench.signal, AbortSignal.timeout(ANSWERS_MS)]));
      const files = recipe.specs.map((file) => `specs/acceptance/${file}`);
      await run(join(example.folder, "node_modules/.bin/mocha"), ["--require", "stackspec/mocha", ...files], {
        cwd: example.folder,
        environment: { URL: url, STACK: "", JUNIT_REPORT_PATH: join(bench.folder, `${name}.xml`) },
        signal: bench.signal,
      });
    } finally {
      await compose.down();
    }
    return now() - before;
  };
  const byStackspec = async (): Promise<number> => {
    bench.signal.throwIfAborted();
    const before = now();
    const { exitCode, output } = await example.npm(["test"], { STACKSPEC_PROFILES: profiles });
    if (exitCode !== 0) throw new Error(output);
    return now() - before;
  };
  /** Nothing is restored; its images are there, as they are for compose. */
  const first = async (): Promise<number> => {
    const { docker } = bench.runtime;
    const found = await docker.listImages({ filters: { label: [`${PROJECT_LABEL}=${name}`] } });
    await Promise.allSettled(found.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    return byStackspec();
  };
  const hasRun = new Set<() => Promise<number>>();
  const sample = (work: () => Promise<number>, change = (): void => {}): Subject<number>["sample"] => {
    return async () => {
      // What has never been run is no rerun.
      if (!hasRun.has(work)) await work();
      hasRun.add(work);
      change();
      return work();
    };
  };
  return [
    { name: `${name}, first, stackspec`, sample: first },
    { name: `${name}, compose`, sample: sample(byCompose) },
    { name: `${name}, stackspec`, sample: sample(byStackspec) },
    { name: `${name}, edited, compose`, sample: sample(byCompose, edit) },
    { name: `${name}, edited, stackspec`, sample: sample(byStackspec, edit) },
  ];
}

/** The image that compose builds, where its file names one. */
function ownImage({ id }: Bench, { name }: Recipe): string {
  return `stackspec-bench-${name}:${id}`;
}

/** The example's own compose file, on the images that there are here and a port that is free. */
function composeOf(bench: Bench, recipe: Recipe, { folder }: Example): Promise<ComposeProject> {
  const { images } = bench;
  const { name } = recipe;
  return composeProject(
    bench,
    name,
    (port) =>
      readFileSync(join(folder, "docker-compose.yml"), "utf8")
        .replace("127.0.0.1:8000:", `127.0.0.1:${port}:`)
        .replaceAll(
          /image: (postgres|redis|rabbitmq):\d+/g,
          (_, image: keyof typeof images) => `image: ${images[image]}`,
        )
        .replaceAll(`image: ${name}`, `image: ${ownImage(bench, recipe)}`)
        .replaceAll(/build: (\w+)$/gm, "build: { context: $1 }")
        .replaceAll("build: { ", `build: { args: { BASE: "${images.debian}" }, `),
    folder,
  );
}
