import { limits } from '../../model/limits.ts';
import type { RateLimits } from '../../sessions/ports.ts';
import type { Table } from './dynamo-table.ts';
import { limitKey } from './row-keys.ts';
import { seconds } from './row-lifetime.ts';

/** Uses counted in rows of the table: one conditional write each. Throws the errors of the table. */
export const tableRateLimits = (table: Table): RateLimits => ({
  countUse: ({ endsAt, ...use }) =>
    table.count(
      limitKey(use),
      { name: 'uses', most: limits[use.limit].count },
      // A clock of another process may be behind: the row outlives its window.
      { expires: seconds(endsAt) + 60 },
    ),
});
