import type { SignInStore } from '../../sessions/ports.ts';
import type { Attributes, Key } from './dynamo-table.ts';
import { pendingCodeKey, signInKey, starterOf } from './row-keys.ts';
import { seconds } from './row-lifetime.ts';
import {
  pendingCodeRowSchema,
  pendingCodeSchema,
  signInRowSchema,
  signInSchema,
} from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/** Sign-ins that are not completed yet, sealed whole. Throws the errors of the table. */
export function signInStore(options: StoreOptions): SignInStore {
  const { table, report } = options;
  const signIns = sealedRows(options, (_key, reason) => report?.({ kind: 'signIn', reason }));
  const codes = sealedRows(options, (_key, reason) => report?.({ kind: 'pendingCode', reason }));

  const saveOnce = async (key: Key, secret: unknown, expiresAt: Date, plain: Attributes = {}) => {
    const sealed = await codes.seal({ key, plain }, secret);
    return table.put(key, { ...plain, sealed, expires: seconds(expiresAt) }, { kind: 'absent' });
  };

  return {
    saveSignIn: async (state, signIn) => {
      await saveOnce(signInKey(state), signIn, signIn.expiresAt);
    },
    consumeSignIn: async (state) => {
      const key = signInKey(state);
      const row = signIns.alive(key, await table.delete(key), signInRowSchema);
      return row && signIns.open({ key, plain: {} }, row, signInSchema);
    },
    savePendingCode: async (secret, pending) => {
      const { starter, serverUid, expiresAt } = pending.signIn;
      await saveOnce(pendingCodeKey(secret), pending, expiresAt, {
        starter: starterOf(starter, serverUid),
      });
    },
    consumePendingCode: async (secret, starter, serverUid) => {
      const key = pendingCodeKey(secret);
      const found = await table.delete(key, {
        kind: 'equal',
        name: 'starter',
        value: starterOf(starter, serverUid),
      });
      const row = codes.alive(key, found, pendingCodeRowSchema);
      const plain = { starter: row?.starter };
      return row && codes.open({ key, plain }, row, pendingCodeSchema);
    },
  };
}
