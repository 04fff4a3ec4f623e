import { defined } from '../../model/defined.ts';
import type { ReleaseStore, TokenRelease } from '../../sessions/ports.ts';
import type { PersonKey } from '../../sessions/grant.ts';
import type { Attributes } from './dynamo-table.ts';
import { partitionOf, releaseIn, releaseKey, releasesOf } from './row-keys.ts';
import { endOfRelease, isExpired, seconds } from './row-lifetime.ts';
import { releaseRowSchema, sortKeySchema } from './row-schemas.ts';
import type { StoreOptions } from './sealed-row.ts';

/**
 * Which machine last got an access token for which server, in rows of their own beside the grants:
 * no part of a token, so nothing is sealed. A row that cannot be read is left out: it only counts.
 * Throws the errors of the table.
 */
export function releaseStore({ table, now }: Pick<StoreOptions, 'table' | 'now'>): ReleaseStore {
  const list = async (person: PersonKey, serverUid?: string): Promise<readonly TokenRelease[]> => {
    const prefix = releasesOf(serverUid);
    const found = await table.query(partitionOf(person), { prefix, names: listedOfRelease });
    return releasesIn(found, now());
  };
  return {
    listReleases: list,
    saveRelease: async (person, { serverUid, thumbprint, at, endsAt }) => {
      await table.put(
        releaseKey(person, serverUid, thumbprint),
        defined({
          at: at.toISOString(),
          endsAt: endsAt?.toISOString(),
          expires: seconds(endOfRelease(at)),
        }),
      );
    },
    takeReleases: async (person, serverUid) => {
      const taken = await list(person, serverUid);
      await Promise.all(
        taken.map(({ thumbprint }) => table.delete(releaseKey(person, serverUid, thumbprint))),
      );
      return taken;
    },
  };
}

export const listedOfRelease = ['at', 'endsAt', 'expires'] as const;

/** What was listed of their rows, as releases. A row that cannot be read is left out. */
export const releasesIn = (found: readonly Attributes[], now: Date): readonly TokenRelease[] =>
  found.flatMap((attributes) => {
    const { sk } = sortKeySchema.parse(attributes);
    const row = releaseRowSchema.safeParse(attributes).data;
    if (row === undefined || isExpired(row, now)) return [];
    return [defined({ ...releaseIn(sk), at: row.at, endsAt: row.endsAt })];
  });
