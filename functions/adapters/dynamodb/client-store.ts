import { defined } from '../../model/defined.ts';
import type { ClientStore } from '../../sessions/ports.ts';
import type { Key } from './dynamo-table.ts';
import { clientIdKey, clientKey } from './row-keys.ts';
import { endOfRegistration, seconds } from './row-lifetime.ts';
import { clientSchema } from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/** Our registrations at issuers, sealed whole. Throws as `grantStore` does. */
export function clientStore(options: StoreOptions): ClientStore {
  const { table, now } = options;
  const { seal, open, alive } = sealedRows(options);

  const read = async (key: Key) => {
    const row = alive(await table.get(key));
    return row === undefined ? undefined : open(key, row, clientSchema);
  };

  return {
    getClient: (issuer, redirectUri) => read(clientKey(issuer, redirectUri)),
    getClientById: (issuer, id) => read(clientIdKey(issuer, id)),
    saveClient: async (client) => {
      const key = clientKey(client.issuer, client.redirectUri);
      const row = {
        sealed: await seal(key, client),
        clientId: client.id,
        expires: seconds(endOfRegistration(client, now())),
      };
      const isKept = await table.put(key, row, {
        kind: 'absentOrAtMost',
        name: 'expires',
        most: seconds(now()),
      });
      if (!isKept) return (await read(key)) ?? client;
      const byId = clientIdKey(client.issuer, client.id);
      await table.put(
        byId,
        defined({
          sealed: await seal(byId, client),
          expires: client.expiresAt === undefined ? undefined : seconds(client.expiresAt),
        }),
      );
      return client;
    },
    deleteClient: async ({ issuer, redirectUri, id }) => {
      await table.delete(clientKey(issuer, redirectUri), {
        kind: 'equal',
        name: 'clientId',
        value: id,
      });
    },
  };
}
