/** The part that failed, in the order in which a probe meets them. */
export const failedParts = [
  'spec',
  'policy',
  'name',
  'network',
  'tls',
  'gateway',
  'server',
  'prober',
] as const;
export type FailedPart = (typeof failedParts)[number];
