/**
 * Resolves when what a process has written shows a match, and rejects when it ends before.
 *
 * @param listeners called whenever it has written more
 */
export function untilShown(
  pattern: RegExp,
  output: () => string,
  listeners: Set<() => void>,
  ended: Promise<unknown>,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = pattern.exec(output());
      if (found === null) return;
      listeners.delete(look);
      resolve(found);
    };
    listeners.add(look);
    look();
    void ended.then(() => reject(new Error(`expected ${pattern}, the process ended with:\n${output()}`)));
  });
}
