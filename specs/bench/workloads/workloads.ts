import { join } from "node:path";
import type { Bench } from "../bench.ts";
import type { Subject } from "../rounds.ts";
import { shopByCompose, timed, todobackendByCompose } from "./compose.ts";
import type { ComposeStack } from "./compose.ts";
import { copyProject } from "./project.ts";
import type { Project, WorkloadSample } from "./project.ts";

/** One line in the application, in its migration, in a spec, and in the declaration of the database. */
const APP = ["containers/app/src/main.ts", 'Object.assign(globalThis, { edited: "@" });'] as const;
const MIGRATION = ["containers/app/migrations/mysql/001-create-todos.sql", "-- @"] as const;
const SPEC = ["specs/acceptance/create.spec.ts", "// @"] as const;
const DATABASE = ["specs/stacks/release.ts", '.withUser("999:999")', '.withEnvironment({ BENCH: "@" })'] as const;
const SHOP_APP = ["specs/bench/programs/shop/app.mjs", "// @"] as const;
const SHOP_SPECS = "specs/bench/programs/shop/specs.ts";

type Workload = Subject<WorkloadSample>;

/** What developers and CI do all day, by docker compose and by stackspec, in a copy of this repository. */
export async function workloads(
  bench: Bench,
): Promise<{ readonly compose: string; readonly subjects: readonly Workload[] }> {
  const project = copyProject(bench);
  bench.atEnd(() => project.release());
  const todobackend = await todobackendByCompose(bench, project);
  const shop = await shopByCompose(bench, project);
  const canLoad = await project.stackspec(["snapshot", "--help"]).then(
    () => true,
    () => false,
  );
  if (!canLoad) bench.say("stackspec has no command `snapshot`: no snapshot is loaded");
  return {
    compose: todobackend.version,
    subjects: [
      byCompose("compose", todobackend, [SPEC[0]]),
      byCompose("compose, app", todobackend, [], () => project.edit(...APP)),
      byCompose("compose, migration", todobackend, [], () => project.edit(...MIGRATION)),
      ...byStackspec(project, canLoad ? join(bench.folder, "snapshot") : undefined),
      byCompose("compose, shop", shop, []),
      byCompose("compose, shop app", shop, [], () => project.edit(...SHOP_APP)),
      ...shopByStackspec(project),
    ],
  };
}

/** @param some spec files that are also measured by themselves */
function byCompose(name: string, stack: ComposeStack, some: readonly string[], edit?: () => void): Workload {
  let isBuilt = false;
  return {
    name,
    async sample() {
      edit?.();
      if (edit === undefined && !isBuilt) await stack.build();
      isBuilt = true;
      const buildMs = edit === undefined ? 0 : await timed(stack.build);
      try {
        const upMs = await timed(stack.up);
        const specsMs = await timed(() => stack.specs());
        const someMs = some.length === 0 ? undefined : await timed(() => stack.specs(some));
        const downMs = await timed(stack.down);
        const besides = buildMs + upMs + downMs;
        return {
          wholeMs: besides + specsMs,
          phases: { build: buildMs, up: upMs, specs: specsMs, down: downMs },
          ...(someMs === undefined ? {} : { oneFileMs: besides + someMs }),
        };
      } catch (error) {
        await stack.down().catch(() => {});
        throw error;
      }
    },
  };
}

/** @param file where a snapshot is stored, when that is possible */
function byStackspec(project: Project, file: string | undefined): Workload[] {
  /** What has last been run as it is now, by `npm start` and with `--keep`. */
  let isRun = false;
  let isKept = false;
  const edit = (change: () => void): void => {
    change();
    isRun = isKept = false;
  };
  const start = async (environment = {}): Promise<WorkloadSample> => {
    const sample = await project.start([], environment);
    isRun = true;
    return sample;
  };
  const keep = async (words: readonly string[] = []): Promise<WorkloadSample> => {
    const sample = await project.start(["--keep", ...words]);
    isKept = true;
    return sample;
  };
  const keepOne = async (): Promise<void> => {
    if (isKept) return;
    await project.removeKept();
    await keep([SPEC[0]]);
  };
  const load: Workload = {
    name: "ci, loaded",
    async sample() {
      if (!isRun) await start();
      await project.stackspec(["snapshot", "save", file!, project.releaseName]);
      await project.removeSnapshots();
      const loadMs = await timed(() => project.stackspec(["snapshot", "load", file!]));
      const { wholeMs, phases } = await start({ CI: "true" });
      return { wholeMs: loadMs + wholeMs, phases: { load: loadMs, ...phases } };
    },
  };
  return [
    {
      name: "unchanged",
      async sample() {
        if (!isRun) await start();
        return start();
      },
    },
    {
      name: "app",
      async sample() {
        if (!isRun) await start();
        edit(() => project.edit(...APP));
        return start();
      },
    },
    {
      name: "migration",
      async sample() {
        if (!isRun) await start();
        edit(() => project.edit(...MIGRATION));
        return start();
      },
    },
    {
      name: "spec, kept",
      async sample() {
        await keepOne();
        project.edit(...SPEC);
        return keep([SPEC[0]]);
      },
    },
    {
      name: "app, kept",
      async sample() {
        await keepOne();
        edit(() => project.edit(...APP));
        const sample = await keep();
        await project.removeKept();
        isKept = false;
        return sample;
      },
    },
    {
      name: "ci",
      sample() {
        edit(() => project.extend(...DATABASE));
        return start({ CI: "true" });
      },
    },
    {
      name: "ci, off",
      sample() {
        edit(() => project.extend(...DATABASE));
        return project.start([], { CI: "true", STACKSPEC_SNAPSHOTS: "off" });
      },
    },
    ...(file === undefined ? [] : [load]),
  ];
}

function shopByStackspec(project: Project): Workload[] {
  let isRun = false;
  const start = async (): Promise<WorkloadSample> => {
    const sample = await project.start([SHOP_SPECS], { STACK: "shop" });
    isRun = true;
    return sample;
  };
  const sampleAfter = (edit: () => void) => async (): Promise<WorkloadSample> => {
    if (!isRun) await start();
    edit();
    return start();
  };
  return [
    {
      name: "shop",
      async sample() {
        isRun = false;
        return sampleAfter(() => {})();
      },
    },
    { name: "shop app", sample: sampleAfter(() => project.edit(...SHOP_APP)) },
  ];
}
