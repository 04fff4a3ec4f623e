import { randomUUID } from 'node:crypto';
import { defined } from '../../model/defined.ts';
import type { Grant, PersonKey, StoredGrant } from '../../sessions/grant.ts';
import type { GrantStore } from '../../sessions/ports.ts';
import type { Attributes, Key } from './dynamo-table.ts';
import { grantKey, grantPrefix, leaseKey, partitionOf, personIn } from './row-keys.ts';
import { endOfGrant, seconds } from './row-lifetime.ts';
import {
  grantAttributes,
  grantFrom,
  grantRowSchema,
  serverUidIn,
  sortKeySchema,
  tokensSchema,
} from './row-schemas.ts';
import { type Place, type SealedRows, sealedRows, type StoreOptions } from './sealed-row.ts';

/** The grants of people, their tokens sealed. Throws the errors of the table. */
export function grantStore(options: StoreOptions): GrantStore {
  const { table, now } = options;
  const { seal, open, alive } = sealedGrants(options);
  const grantsIn = grantReader(options);

  const grantRow = async (
    key: Key,
    { grant, tokens, generation }: StoredGrant,
  ): Promise<Attributes> =>
    defined({
      grant: grantAttributes(grant),
      generation,
      sealed: tokens && (await seal(placeOf(key, grant, generation), tokens)),
      expires: seconds(endOfGrant(grant)),
    });

  const read = async (
    key: Key,
    person: PersonKey,
    found: Attributes | undefined,
  ): Promise<StoredGrant | undefined> => {
    const row = alive(key, found, grantRowSchema);
    if (row === undefined) return undefined;
    const { generation } = row;
    const grant = grantFrom(person, key.sk, row.grant);
    const tokens = await open(placeOf(key, grant, generation), row, tokensSchema);
    return defined({ grant, generation, tokens });
  };

  return {
    listGrants: async (person, serverUid = '') => {
      const prefix = `${grantPrefix}${serverUid}`;
      const found = await table.query(partitionOf(person), { prefix, names: listedOfGrant });
      return grantsIn(person, found);
    },
    listServerUids: async (person) => {
      const found = await table.query(partitionOf(person), {
        prefix: grantPrefix,
        names: ['expires'],
      });
      return found.map((row) => serverUidIn(sortKeySchema.parse(row).sk));
    },
    putGrant: async (grant, tokens) => {
      const key = grantKey(grant.person, grant.serverUid);
      const generation = randomUUID();
      await table.put(key, await grantRow(key, defined({ grant, tokens, generation })));
      return generation;
    },
    getGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      return read(key, person, await table.get(key));
    },
    replaceGrant: async (next, expected) => {
      const key = grantKey(next.grant.person, next.grant.serverUid);
      return table.put(key, await grantRow(key, next), {
        kind: 'equal',
        name: 'generation',
        value: expected,
      });
    },
    deleteGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      const deleted = await read(key, person, await table.delete(key));
      return deleted && defined({ grant: deleted.grant, tokens: deleted.tokens });
    },

    acquireLease: async (person, serverUid, until) => {
      const lease = randomUUID();
      const row = { lease, until: until.getTime(), expires: seconds(until) + 60 };
      const isTaken = await table.put(leaseKey(person, serverUid), row, {
        kind: 'absentOrAtMost',
        name: 'until',
        most: now().getTime(),
      });
      return isTaken ? lease : undefined;
    },
    releaseLease: async (person, serverUid, lease) => {
      await table.delete(leaseKey(person, serverUid), {
        kind: 'equal',
        name: 'lease',
        value: lease,
      });
    },
  };
}

/** What a list reads of a grant: of what is sealed only the header, which names its key. */
export const listedOfGrant = ['grant', 'generation', 'expires', 'sealed.protected'] as const;

/**
 * Gives the function that makes grants of what was listed of their rows. A row that cannot be read
 * is left out, and reported.
 */
export function grantReader(
  options: Omit<StoreOptions, 'table'>,
): (person: PersonKey, found: readonly Attributes[]) => Promise<readonly Grant[]> {
  const { hasKey, alive } = sealedGrants(options);
  return async (person, found) => {
    const pk = partitionOf(person);
    const grants = await Promise.all(
      found.map(async (attributes): Promise<readonly Grant[]> => {
        const { sk } = sortKeySchema.parse(attributes);
        const row = alive({ pk, sk }, attributes, grantRowSchema);
        if (row === undefined) return [];
        const grant = grantFrom(person, sk, row.grant);
        return [(await hasKey(row)) ? grant : { ...grant, isKeyMissing: true }];
      }),
    );
    return grants.flat();
  };
}

const sealedGrants = (options: Omit<StoreOptions, 'table'>): SealedRows =>
  sealedRows(options, (key, reason) =>
    options.report?.({
      kind: 'grant',
      person: personIn(key.pk),
      serverUid: serverUidIn(key.sk),
      reason,
    }),
  );

/** The tokens go nowhere but where the plain half says: any change of it loses them. */
const placeOf = (key: Key, grant: Grant, generation: string): Place => ({
  key,
  plain: { generation, grant: grantAttributes(grant) },
});
