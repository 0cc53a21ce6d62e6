import type { Measured } from "./rounds.ts";
import type { Sample } from "./ways.ts";

/** All that a bench has found out: what `results.json` holds, and what tables and charts are made from. */
export interface Results {
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
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
