/**
 * The cluster cannot be used; the message is one line that names it, what happened and what to do.
 * It has nothing that the API server said, and no cause: that would carry bodies and headers into
 * logs.
 */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}
