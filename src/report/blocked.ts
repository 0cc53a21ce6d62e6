/** How mocha begins the message of a spec that a failed hook kept from running. */
const BLOCKED = /^Test skipped due to failure in hook "(.*)": ([A-Z][\s\S]*)$/;

/** The sentence of the hook's failure, for a spec that it blocked; undefined for a failure of its own. */
export function blockedBy(message: string): string | undefined {
  return BLOCKED.exec(message)?.[2]?.split("\n")[0];
}
