/** How many logical databases of a server each parallel worker has where they are numbers: as many as Redis has by default. */
export const DATABASES_EACH = 16;

/** What the names of a parallel worker's databases end with on a server that it shares. */
export function workerSuffix(worker: number): string {
  return worker === 0 ? "" : `__worker_${worker}`;
}

/** True for the name of a database of the worker with this suffix; "" for the first, and where the server is not shared. */
export function isOfWorker(name: string, suffix: string): boolean {
  return suffix === "" ? !/__worker_\d+$/.test(name) : name.endsWith(suffix);
}

/** The first of the logical databases of the worker with this suffix. */
export function firstDatabase(suffix: string): number {
  return Number(/\d*$/.exec(suffix)![0]) * DATABASES_EACH;
}
