/** What `bench/list/list.ts` and its processes agree on. */
import type { Size } from '../part.ts';

/** MCPServers of each cluster. */
export const fleets = (size: Size): readonly number[] =>
  size === 'full' ? [100, 1_000, 10_000] : [50, 600];

/** How much of it is measured. A round has `each` requests of one caller, and 2 of each of many. */
export const amounts = (size: Size) =>
  size === 'full'
    ? { rounds: 7, each: 20, manyCallers: 50 }
    : { rounds: 1, each: 3, manyCallers: 8 };

/** Servers that the person is signed in to. */
export const grantCount = 50;

/** Lambda takes no more as one answer (AWS, "Lambda quotas"). */
export const lambdaBytes = 6 * 1024 * 1024;
