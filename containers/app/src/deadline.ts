import { Unavailable } from "./errors.ts";

/**
 * What the work comes to, if it comes to it in time.
 * @throws Unavailable after `timeoutMs`; the work itself goes on, and its result is ignored
 */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Unavailable(`expected an end within ${timeoutMs} ms, got none`)),
    timeoutMs,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
