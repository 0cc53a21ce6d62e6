import type { DriverFigures } from "./drivers/measure.ts";
import type { Measured } from "./rounds.ts";
import type { ShardFigures } from "./shards.ts";
import type { Sample } from "./ways.ts";
import type { WorkloadSample } from "./workloads/project.ts";

/** Requests per second, in turn, block by block. */
export interface RequestRates {
  /** Through the client that specs have. */
  readonly ours: readonly number[];
  /** By `node:http` alone, on a connection that is kept open. */
  readonly plain: readonly number[];
}

/** All that a bench has found out: what `results.json` holds, and what tables and charts are made from. */
export interface Results {
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly workloads: Readonly<Record<string, Measured<WorkloadSample>>>;
  readonly requests: RequestRates;
  /** By the title of the driver. */
  readonly drivers: Readonly<Record<string, DriverFigures>>;
  /** By the distribution of the files' durations. */
  readonly shards: Readonly<Record<string, ShardFigures>>;
  /** Milliseconds of whole commands, by example, whether it was edited, and by what: "stock, edited, stackspec". */
  readonly examples: Readonly<Record<string, Measured<number>>>;
  readonly ways: Readonly<Record<string, Measured<Sample> & { readonly title: string }>>;
  /** Milliseconds of single resets on one running stack. */
  readonly resetMs: readonly number[];
  /** By starter and number: "ours-50". */
  readonly services: Readonly<Record<string, Measured<number>>>;
}

/** One figure of a way, round by round. */
export function samplesOf({ ways }: Results, way: string, figure: keyof Sample): (number | undefined)[] {
  return (ways[way]?.samples ?? []).map((sample) => sample?.[figure]);
}
