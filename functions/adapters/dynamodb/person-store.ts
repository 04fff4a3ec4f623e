import type { PersonStore } from '../../sessions/ports.ts';
import type { Attributes } from './dynamo-table.ts';
import { grantReader, listedOfGrant } from './grant-store.ts';
import { keysIn, listedOfKey } from './key-store.ts';
import { listedOfRelease, releasesIn } from './release-store.ts';
import { grantPrefix, keyPrefix, partitionOf, releasesOf } from './row-keys.ts';
import { sortKeySchema } from './row-schemas.ts';
import type { StoreOptions } from './sealed-row.ts';

/**
 * All that a list shows of a person lies in one partition: one query instead of one for each kind of
 * row. The few other rows there (leases, attempts) are left out. Throws the errors of the table, and
 * a ZodError for the row of a key that this code did not write.
 */
export function personStore({ table, ...options }: StoreOptions): PersonStore {
  const grantsIn = grantReader(options);
  return {
    readPerson: async (person) => {
      const found = await table.query(partitionOf(person), { names: listed });
      const now = options.now();
      return {
        grants: await grantsIn(person, rowsOf(found, grantPrefix)),
        releases: releasesIn(rowsOf(found, releasesOf()), now),
        keys: keysIn(rowsOf(found, keyPrefix), now),
      };
    },
  };
}

const listed = [...new Set([...listedOfGrant, ...listedOfRelease, ...listedOfKey])];

const rowsOf = (found: readonly Attributes[], prefix: string): readonly Attributes[] =>
  found.filter((row) => sortKeySchema.parse(row).sk.startsWith(prefix));
