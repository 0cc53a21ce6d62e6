import type { AsyncFunc, Context, Func, Test } from "mocha";

/**
 * Makes a spec that has not run yet fail too when `failure` finds something at its end. Only so it fails by itself: a hook
 * behind it that fails ends the whole suite.
 */
export function failAlsoWhen(test: Test, failure: () => Error | undefined): void {
  const { fn } = test;
  if (fn === undefined) return;
  if (fn.length > 0) {
    // Mocha waits for its callback.
    test.fn = function judged(this: Context, done) {
      (fn as Func).call(this, (error?: unknown) => done(error ?? failure()));
    };
    return;
  }
  test.fn = async function judged(this: Context) {
    await (fn as AsyncFunc).call(this);
    const found = failure();
    if (found !== undefined) throw found;
  };
}
