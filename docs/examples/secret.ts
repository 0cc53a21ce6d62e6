// secret
import { secret } from "stackspec";

/** The same in each run on this machine, masked wherever a run writes. */
export const password = secret("shop");
