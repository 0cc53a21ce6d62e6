import { cp } from "node:fs/promises";
import { imageFrom } from "stackspec";
import { definePipeline } from "stackspec/pipeline";
import { GenericContainer } from "testcontainers";

/** Tests, then one image that passes the acceptance specs, then that image in a registry, tagged by its git hash. */
export default definePipeline("page-tracker", (pipeline) => {
  const tested = pipeline.test("test", { sources: ["web"] }, (stage) => {
    stage.task(
      "unit-tests",
      ({ image }) =>
        new GenericContainer(image).withCommand(["python3", "-m", "pytest", "-p", "no:cacheprovider", "tests/unit"]),
      {
        image: imageFrom("page-tracker-tests", "web", { network: true, target: "tests" }),
      },
    );
  });
  const options = {
    artefact: "target/web",
    version: async () => "1.0.0",
    versions: async () => ({ debian: "trixie" }),
  };
  const built = pipeline.build("build", tested, options, (stage) => {
    stage.task("sources", () => cp("web", "target/web", { recursive: true }));
  });
  const released = pipeline.release("release", built, {
    image: "page-tracker",
    source: "https://github.com/example/page-tracker",
    network: true,
    acceptance: { suite: "acceptance", environment: (image) => ({ APP_IMAGE: image, STACKSPEC_PROFILES: "testing" }) },
  });
  pipeline.publish("publish", released, { repository: "page-tracker" });
});
