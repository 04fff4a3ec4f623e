/** The Lease that `manifests/rbac.yaml` gives the right to: that of production. */
export const firstLease = 'muster-sweep';

/** Two stages can share a cluster, so every other stage has a Lease of its own. */
export const leaseNameOf = (stage: string): string =>
  stage === 'production' ? firstLease : `${firstLease}-${stage.toLowerCase()}`;
