import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { definePipeline } from "stackspec/pipeline";
import type { Fill, StageTaskOptions } from "stackspec/pipeline";
import { readConfig } from "../../src/config/config.ts";
import { openCache } from "../../src/pipeline/cache.ts";
import type { OpenCache } from "../../src/pipeline/cache.ts";
import type { TaskOutcome } from "../../src/pipeline/outcome.ts";
import { openPipelineContext } from "../../src/pipeline/pipeline-context.ts";
import type { PipelineContext } from "../../src/pipeline/pipeline-context.ts";
import type { TestStage } from "../../src/pipeline/pipeline.ts";
import { runTasks } from "../../src/pipeline/tasks.ts";
import { NODE, cleanUp, engine, shell } from "../integration/engine.ts";

describe("a stage of a pipeline", function () {
  this.timeout(120_000);
  requireEngine();
  const name = `tasks-${randomBytes(4).toString("hex")}`;
  let folder: string;
  let context: PipelineContext;

  before("a pipeline's run is open", async () => {
    folder = mkdtempSync(join(tmpdir(), "pipeline-tasks-"));
    const given = { pipeline: { name, stages: [] }, config: readConfig(), settings: {} as never, say: () => {} };
    context = await openPipelineContext(
      given,
      async () => 0,
      () => {},
    );
  });

  cleanUp("nothing of it is left", async () => {
    await context.session.close();
    const docker = await engine();
    const { Volumes } = await docker.listVolumes({ filters: { name: [`stackspec-cache-${name}-`] } });
    for (const { Name } of Volumes) await docker.getVolume(Name).remove();
    rmSync(folder, { recursive: true });
  });

  /** Runs one task, these lines of shell. */
  async function run(lines: string, options: StageTaskOptions): Promise<TaskOutcome> {
    const { stages } = definePipeline(name, (pipeline) => {
      pipeline.test("test", { sources: [] }, (stage) => {
        stage.task("task", ({ image }) => shell(image, lines), { ...options, image: NODE });
      });
    });
    const { outcomes } = await runTasks((stages[0] as TestStage).tasks, context);
    return outcomes[0]!;
  }

  describe("with a task", () => {
    it("fails it when its time is over", async () => {
      const { verdict, why } = await run("sleep 600", { timeoutMs: 500 });
      expect(why).to.match(/^TASK_TIMEOUT: task: still running after 500 ms/);
      expect(verdict).to.equal("failed");
    });

    it("takes nothing for its report that was there before", async () => {
      const report = join(folder, "report.xml");
      writeFileSync(report, "of an earlier run");
      const { verdict, why } = await run("exit 0", { collects: { "/tmp/report.xml": report } });
      expect([verdict, why, existsSync(report)]).to.deep.equal([
        "failed",
        "TASK_FAILED: task: expected it to leave /tmp/report.xml, found nothing there",
        false,
      ]);
    });

    it("fails it when it leaves a link to a file of whoever opens it", async () => {
      const to = join(folder, "out");
      const { verdict, why } = await run("mkdir /out && ln -s /etc/passwd /out/link", { collects: { "/out": to } });
      expect([verdict, why, existsSync(to)]).to.deep.equal([
        "failed",
        `TASK_FAILED: task: cannot copy /out to ${to}: link is not a valid symlink`,
        false,
      ]);
    });

    it("says of one that fails how it ended, and not what it could not leave", async () => {
      const { why } = await run("exit 3", { collects: { "/tmp/report.xml": join(folder, "red.xml") } });
      expect(why).to.match(/^TASK_FAILED: task: exited with code 3, expected 0/);
    });
  });

  describe("with a cache", () => {
    /** A cache that is filled in this way, and opens it. */
    function cache(part: string, fill: Fill): () => Promise<OpenCache> {
      const keyedBy = [join(folder, part)];
      writeFileSync(keyedBy[0]!, "");
      const declared = Promise.withResolvers<Parameters<typeof openCache>[0]>();
      definePipeline(name, (pipeline) => declared.resolve(pipeline.cache(part, { keyedBy, fill })));
      return async () => {
        const [{ reference }, given] = await Promise.all([context.session.resolveImage(NODE), declared.promise]);
        return openCache(given, reference, context);
      };
    }

    it("fills it once", async () => {
      let fills = 0;
      const open = cache("once", async () => void (fills += 1));
      const volumes = [await open(), await open()].map(({ volume }) => volume);
      expect([new Set(volumes).size, fills]).to.deep.equal([1, 1]);
    });

    it("fills it again when it could not be filled", async () => {
      let fills = 0;
      const open = cache("broken", async ({ folder: into }) => {
        fills += 1;
        writeFileSync(join(into, "half"), "");
        if (fills === 1) throw new Error("no network");
      });
      const why = await open().catch((error: Error) => error.message);
      await open();
      expect([why, fills]).to.deep.equal(["TASK_FAILED: broken: the cache cannot be filled: no network", 2]);
    });

    it("fills it again when only half of it went into the volume", async () => {
      let fills = 0;
      const open = cache("half", async ({ folder: into }) => {
        fills += 1;
        writeFileSync(join(into, "large"), Buffer.alloc(8_000_000));
        // No archive has a place for a pipe, and what is below a folder comes last in it.
        mkdirSync(join(into, "deep"));
        if (fills === 1) execFileSync("mkfifo", [join(into, "deep", "pipe")]);
      });
      const why = await open().catch((error: Error) => error.message);
      await open();
      expect([why, fills]).to.deep.equal([
        "TASK_FAILED: half: the cache cannot be filled: unsupported type for deep/pipe",
        2,
      ]);
    });
  });
});
