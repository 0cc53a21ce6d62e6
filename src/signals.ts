/** Exit codes as shells give them: 128 and the signal's number. */
export const END_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type EndSignal = keyof typeof END_CODES;

/** Calls `end` when this process is told to end; told once more, it leaves at once, and the watchdog cleans up. */
export function onEndSignals(end: (signal: EndSignal, exitCode: number) => void): void {
  let told = false;
  for (const [signal, exitCode] of Object.entries(END_CODES) as [EndSignal, number][])
    process.on(signal, () => {
      if (told) process.exit(exitCode);
      told = true;
      end(signal, exitCode);
    });
}

/** What is said when the first signal comes. */
export function endingLine(signal: EndSignal): string {
  return `\n${signal}: stopping and removing everything; once more to leave at once`;
}
