import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { defined } from '../../model/defined.ts';
import type { StoredGrant } from '../../sessions/grant.ts';
import type { GrantStore } from '../../sessions/ports.ts';
import type { Attributes, Key } from './dynamo-table.ts';
import { grantKey, grantPrefix, leaseKey, partitionOf } from './row-keys.ts';
import { endOfGrant, isExpired, seconds } from './row-lifetime.ts';
import { grantAttributes, grantFrom, listedSchema, tokensSchema } from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/**
 * The grants of people, their tokens sealed. Throws the errors of the table, and a ZodError for a
 * row that this code did not write.
 */
export function grantStore(options: StoreOptions): GrantStore {
  const { table, now } = options;
  const { seal, open, alive } = sealedRows(options);

  const grantRow = async (
    key: Key,
    { grant, tokens, generation }: StoredGrant,
  ): Promise<Attributes> =>
    defined({
      grant: grantAttributes(grant),
      generation,
      sealed: tokens === undefined ? undefined : await seal(key, tokens),
      expires: seconds(endOfGrant(grant)),
    });

  return {
    listGrants: async (person, serverUid = '') => {
      const found = await table.query(partitionOf(person), {
        prefix: `${grantPrefix}${serverUid}`,
        names: ['grant', 'expires'],
      });
      return z
        .array(listedSchema)
        .parse(found)
        .filter((row) => !isExpired(row, now()))
        .map(({ sk, grant }) => grantFrom(person, sk, grant));
    },
    putGrant: async (grant, tokens) => {
      const key = grantKey(grant.person, grant.serverUid);
      const generation = randomUUID();
      await table.put(key, await grantRow(key, defined({ grant, tokens, generation })));
      return generation;
    },
    getGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      const row = alive(await table.get(key));
      if (row?.generation === undefined) return undefined;
      const tokens = await open(key, row, tokensSchema);
      const grant = grantFrom(person, key.sk, row.grant);
      return defined({ grant, generation: row.generation, tokens });
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
      const row = alive(await table.delete(key));
      if (row === undefined) return undefined;
      const tokens = await open(key, row, tokensSchema);
      return defined({ grant: grantFrom(person, key.sk, row.grant), tokens });
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
