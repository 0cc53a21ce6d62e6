/** Where a service is, for others to reach it. */
export interface Location {
  /**
   * Its address on the stack's network, such as `postgres://user:password@db:5432/name`: what `url(service)` gives to
   * factories. Specs get it as `url` of the started value, with the host and port that this machine reaches it by.
   */
  readonly url?: string;
  /**
   * The address of one that runs already, as this machine reaches it: what `POSTGRES_URL` says in a CI system. It takes
   * the container's place, and specs get its `url`. Nothing of it is started or kept in a snapshot, and without a function
   * as `reset`, which is then given its `url` alone, it is not reset. Undefined or empty: there is none, and the container is started.
   */
  readonly external?: string | undefined;
}
