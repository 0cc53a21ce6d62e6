import { setTimeout as sleep } from "node:timers/promises";

/** Tells the bench, in a line of its own, that this moment has come. */
export function mark(name: string): void {
  tell(name, String(performance.timeOrigin + performance.now()));
}

export function tell(name: string, value: string): void {
  process.stdout.write(`@${name} ${value}\n`);
}

/** Resolves when `url` answers 200: the moment at which a spec could begin. */
export async function untilAnswers(url: string, signal?: AbortSignal): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const status = await fetch(url).then(
      async (response) => response.text().then(() => response.status),
      () => 0,
    );
    if (status === 200) return;
    await sleep(25);
  }
}
