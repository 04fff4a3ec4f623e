import type { SignInStore } from '../../sessions/ports.ts';
import type { Attributes, Key } from './dynamo-table.ts';
import { pendingCodeKey, signInKey, starterOf } from './row-keys.ts';
import { seconds } from './row-lifetime.ts';
import { pendingCodeSchema, signInSchema } from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/** Sign-ins that are not completed yet, sealed whole. Throws as `grantStore` does. */
export function signInStore(options: StoreOptions): SignInStore {
  const { table } = options;
  const { seal, open, alive } = sealedRows(options);

  const saveOnce = async (key: Key, secret: unknown, expiresAt: Date, more: Attributes = {}) =>
    table.put(
      key,
      { ...more, sealed: await seal(key, secret), expires: seconds(expiresAt) },
      { kind: 'absent' },
    );

  return {
    saveSignIn: async (state, signIn) => {
      await saveOnce(signInKey(state), signIn, signIn.expiresAt);
    },
    consumeSignIn: async (state) => {
      const key = signInKey(state);
      const row = alive(await table.delete(key));
      return row === undefined ? undefined : open(key, row, signInSchema);
    },
    savePendingCode: async (secret, pending) => {
      const { starter, serverUid, expiresAt } = pending.signIn;
      await saveOnce(pendingCodeKey(secret), pending, expiresAt, {
        starter: starterOf(starter, serverUid),
      });
    },
    consumePendingCode: async (secret, starter, serverUid) => {
      const key = pendingCodeKey(secret);
      const row = alive(
        await table.delete(key, {
          kind: 'equal',
          name: 'starter',
          value: starterOf(starter, serverUid),
        }),
      );
      return row === undefined ? undefined : open(key, row, pendingCodeSchema);
    },
  };
}
