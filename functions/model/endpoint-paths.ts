/**
 * The first parts of all paths of the endpoint. Where the site has the same address, everything else
 * is the site's.
 */
export const endpointRoots = ['v1', '.well-known', 'healthz'] as const;
