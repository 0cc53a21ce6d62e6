declare const BUNDLED: true | undefined;

/** The folder that holds `static/` and `migrations/`: beside the bundle, or one above `src/`. build.ts defines BUNDLED. */
export const assets = new URL(typeof BUNDLED === "undefined" ? "../" : "./", import.meta.url);
