import * as z from 'zod/mini';
import { defined } from '../../model/defined.ts';
import type { MachineKey } from '../../sessions/enrollment.ts';
import type { KeyStore } from '../../sessions/ports.ts';
import type { Attributes } from './dynamo-table.ts';
import { keyPrefix, machineKeyKey, partitionOf, proofKey } from './row-keys.ts';
import { endOfKey, endOfRemovedKey, isExpired, seconds } from './row-lifetime.ts';
import { machineKeySchema } from './row-schemas.ts';
import type { StoreOptions } from './sealed-row.ts';

/** Of one person. A new machine is never locked out: the key least recently used makes room. */
const mostKeys = 20;

/** A use is written at most so often: one write a minute for a busy machine. */
const usedEveryMs = 60_000;

/**
 * The keys of people's machines: thumbprints only, so nothing is sealed. Throws the errors of the
 * table, and a ZodError for a row that this code did not write.
 */
export function keyStore({ table, now }: Pick<StoreOptions, 'table' | 'now'>): KeyStore {
  const read = async (person: Parameters<KeyStore['getKey']>[0], thumbprint: string) => {
    const found = await table.get(machineKeyKey(person, thumbprint));
    const row = found === undefined ? undefined : machineKeySchema.parse(found);
    return row === undefined || isExpired(row, now()) ? undefined : row;
  };
  const listKeys: KeyStore['listKeys'] = async (person) => {
    const found = await table.query(partitionOf(person), {
      prefix: keyPrefix,
      names: listedOfKey,
    });
    return keysIn(found, now());
  };

  return {
    listKeys,
    getKey: async (person, thumbprint) => {
      const row = await read(person, thumbprint);
      return row === undefined ? undefined : keyIn(thumbprint, row)[0];
    },
    enrollKey: async (person, thumbprint) => {
      const at = now();
      const isNew = await table.put(
        machineKeyKey(person, thumbprint),
        attributesOf({ thumbprint, createdAt: at, lastUsedAt: at }),
        { kind: 'absentOrAtMost', name: 'expires', most: seconds(at) },
      );
      if (!isNew) return (await read(person, thumbprint))?.lastUsedAt !== undefined;
      const others = (await listKeys(person)).filter((key) => key.thumbprint !== thumbprint);
      for (const old of others.slice(mostKeys - 1))
        await table.delete(machineKeyKey(person, old.thumbprint), unchanged(old));
      return true;
    },
    markKeyUsed: async (person, key) => {
      const at = now();
      if (at.getTime() - key.lastUsedAt.getTime() < usedEveryMs) return;
      await table.put(
        machineKeyKey(person, key.thumbprint),
        attributesOf({ ...key, lastUsedAt: at }),
        unchanged(key),
      );
    },
    removeKey: async (person, thumbprint) => {
      const row = await read(person, thumbprint);
      if (row?.lastUsedAt === undefined) return false;
      // Without its last use no condition of the others holds: no late write brings it back.
      await table.put(machineKeyKey(person, thumbprint), {
        createdAt: row.createdAt.toISOString(),
        expires: seconds(endOfRemovedKey(now())),
      });
      return true;
    },
    consumeProof: async (thumbprint, id, until) =>
      table.put(proofKey(thumbprint, id), { expires: seconds(until) }, { kind: 'absent' }),
  };
}

export const listedOfKey = ['createdAt', 'lastUsedAt', 'expires'] as const;

/**
 * What was listed of their rows, as keys, the most recently used first. Throws a ZodError for a row
 * that this code did not write.
 */
export const keysIn = (found: readonly Attributes[], now: Date): readonly MachineKey[] =>
  z
    .array(listedKeySchema)
    .parse(found)
    .filter((row) => !isExpired(row, now))
    .flatMap(({ sk, ...row }) => keyIn(sk.slice(keyPrefix.length), row))
    .sort((one, other) => other.lastUsedAt.getTime() - one.lastUsedAt.getTime());

const listedKeySchema = z.extend(machineKeySchema, { sk: z.string() });

/** None for a key that was removed. */
const keyIn = (
  thumbprint: string,
  { createdAt, lastUsedAt }: Pick<z.infer<typeof machineKeySchema>, 'createdAt' | 'lastUsedAt'>,
): readonly MachineKey[] =>
  lastUsedAt === undefined ? [] : [{ thumbprint, createdAt, lastUsedAt }];

const attributesOf = ({ createdAt, lastUsedAt }: MachineKey): Attributes =>
  defined({
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt.toISOString(),
    expires: seconds(endOfKey(lastUsedAt)),
  });

const unchanged = ({ lastUsedAt }: MachineKey) =>
  ({ kind: 'equal', name: 'lastUsedAt', value: lastUsedAt.toISOString() }) as const;
