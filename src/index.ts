export { defineConfig } from "./config/project-config.ts";
export type { ProjectConfig, SuiteConfig } from "./config/project-config.ts";
export { defineStack, started } from "./stack/define-stack.ts";
export type { StackBuilder } from "./stack/define-stack.ts";
export type {
  Dependency,
  Exports,
  Factory,
  FactoryContext,
  Network,
  Sandbox,
  Service,
  ServiceOptions,
  Stack,
  Startable,
  Started,
  StartedCondition,
  Stoppable,
  Task,
  TaskOptions,
  TaskResult,
} from "./stack/stack.ts";
export type { Mount, Volume, VolumeOptions } from "./stack/volume.ts";

export { imageFrom } from "./stack/image.ts";
export type { ImageBuild, ImageSource } from "./stack/image.ts";
export { acceptsSql, answers, healthy, listens, logs } from "./stack/probe.ts";
export type { Probe } from "./stack/probe.ts";
export { httpClient } from "./http/client.ts";
export type { HttpClient, Request, Response } from "./http/client.ts";
export { startStack, useStack, useTarget } from "./mocha/fixture.ts";
export type { StackInUse, StackUse } from "./mocha/fixture.ts";
export { requireEngine } from "./mocha/require-engine.ts";
export { eventually } from "./mocha/eventually.ts";
export type { EventuallyOptions } from "./mocha/eventually.ts";
export { secret } from "./secret.ts";
export type { TargetStack } from "./mocha/target.ts";
export type { Fault, Faults, ServiceName, Slowness, VolumeName } from "./engine/faults/fault.ts";
export type { Checkpoint, Resettable } from "./engine/reset/checkpoint.ts";
export type { ResolvedImage } from "./images/resolve.ts";
export type { RunningStack } from "./engine/run/started-stack.ts";
export { StackspecError } from "./errors.ts";
export type { ErrorCode, ErrorDetails } from "./errors.ts";
