export { definePipeline, unchecked } from "./define-pipeline.ts";
export type { PipelineBuilder, StageBuilder } from "./define-pipeline.ts";
export type {
  BuildOptions,
  BuildStage,
  Cache,
  CacheMount,
  Fill,
  Pipeline,
  PublishOptions,
  PublishStage,
  ReleaseOptions,
  ReleaseStage,
  Stage,
  StageStack,
  StageTask,
  StageTaskOptions,
  TaskFactory,
  TestStage,
  Unchecked,
} from "./pipeline.ts";
