/**
 * Finds a smallest part of a list with which something still fails, by halving: where one element is to blame, in at most twice
 * as many questions as the list can be halved. Where it takes several together, it finds them all.
 *
 * It is Zeller's delta debugging (https://www.st.cs.uni-saarland.de/papers/esec99/), which takes it for granted that what fails
 * with some elements fails with more of them too.
 *
 * @param all with which it fails; without any it does not
 * @param fails whether it does with these, which are in the order of the list
 */
export async function halve<T>(
  all: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  const failsWith = (indices: readonly number[]): Promise<boolean> =>
    fails(inOrder(indices).map((index) => all[index]!));
  /** The smallest part of these that it takes beside those that are there in any case. */
  const find = async (indices: readonly number[], beside: readonly number[]): Promise<readonly number[]> => {
    if (indices.length <= 1) return indices;
    const middle = Math.ceil(indices.length / 2);
    const halves = [indices.slice(0, middle), indices.slice(middle)] as const;
    for (const half of halves) if (await failsWith([...half, ...beside])) return find(half, beside);
    // It takes some of both.
    const [first, second] = halves;
    const ofSecond = await find(second, [...beside, ...first]);
    return [...(await find(first, [...beside, ...ofSecond])), ...ofSecond];
  };
  return inOrder(await find(all.keys().toArray(), [])).map((index) => all[index]!);
}

function inOrder(indices: readonly number[]): number[] {
  return indices.toSorted((a, b) => a - b);
}
