// definePipeline, PipelineBuilder, Pipeline, Stage, TestStage, BuildStage, BuildOptions, ReleaseStage, ReleaseOptions, PublishStage, PublishOptions
import { cp } from "node:fs/promises";
import { imageFrom } from "stackspec";
import { definePipeline } from "stackspec/pipeline";
import { GenericContainer } from "testcontainers";

export default definePipeline("shop", (pipeline) => {
  const tested = pipeline.test("test", { sources: ["app"] }, (stage) => {
    stage.task("unit-tests", ({ image }) => new GenericContainer(image).withCommand(["pytest"]), {
      image: imageFrom("shop-tests", "app", { network: true, target: "tests" }),
    });
  });
  const built = pipeline.build("build", tested, { artefact: "target/app", version: () => "1.0.0" }, (stage) => {
    stage.task("sources", () => cp("app", "target/app", { recursive: true }));
  });
  const released = pipeline.release("release", built, {
    image: "shop",
    source: "https://git.example/shop",
    acceptance: { suite: "acceptance", environment: (image) => ({ APP_IMAGE: image }) },
  });
  pipeline.publish("publish", released, { repository: "shop" });
});
