// imageFrom, ImageBuild, ImageSource
import { imageFrom } from "stackspec";
import type { ImageSource } from "stackspec";

/** Built from the Dockerfile in `app/`, up to its stage `tests`; its steps may use the network. */
export const tests: ImageSource = imageFrom("shop-tests", "app", { network: true, target: "tests" });
