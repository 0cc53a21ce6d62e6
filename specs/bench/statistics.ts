/** What several rounds say of one figure. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined when nothing was measured. */
export function figureOf(values: readonly (number | undefined)[]): Figure | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    least: sorted[0]!,
    most: sorted.at(-1)!,
  };
}

/** The ratios of two figures round by round: what burdens the machine in a round burdens both. */
export function ratioOf(of: readonly (number | undefined)[], to: readonly (number | undefined)[]): Figure | undefined {
  return figureOf(
    of.map((value, round) => (value === undefined || to[round] === undefined ? undefined : value / to[round])),
  );
}
