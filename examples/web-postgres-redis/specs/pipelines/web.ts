import { cp } from "node:fs/promises";
import { imageFrom } from "stackspec";
import { definePipeline } from "stackspec/pipeline";
import { GenericContainer } from "testcontainers";

/** The image that passes the specs is the one that is pushed; of `main` it is also deployed. */
export default definePipeline("web", (pipeline) => {
  const tested = pipeline.test("test", { sources: ["app"] }, (stage) => {
    stage.task(
      "syntax",
      ({ image }) =>
        new GenericContainer(image)
          .withEnvironment({ PYTHONPYCACHEPREFIX: "/tmp" })
          .withCommand(["python3", "-m", "compileall", "-q", "/app"]),
      { image: imageFrom("web-postgres-redis", "app", { network: true }) },
    );
  });
  const options = {
    artefact: "target/app",
    version: async () => "1.0.0",
    versions: async () => ({ debian: "trixie" }),
  };
  const built = pipeline.build("build", tested, options, (stage) => {
    stage.task("sources", () => cp("app", "target/app", { recursive: true }));
  });
  const released = pipeline.release("release", built, {
    image: "web-postgres-redis",
    source: "https://github.com/example/web-postgres-redis",
    network: true,
    acceptance: { suite: "acceptance", environment: (image) => ({ APP_IMAGE: image }) },
  });
  pipeline.publish("publish", released, { repository: "web-postgres-redis" });
});
