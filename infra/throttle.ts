/**
 * What API Gateway lets through, of all callers together. Above it AWS answers 429 and calls no
 * function.
 */
export const throttle = { requestsPerSecond: 100, burst: 200 } as const;
