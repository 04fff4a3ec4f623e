import { defined } from '../../model/defined.ts';
import type { Client } from '../../sessions/client.ts';
import type { ClientStore } from '../../sessions/ports.ts';
import type { Key } from './dynamo-table.ts';
import { clientIdKey, clientKey, issuerIn } from './row-keys.ts';
import { endOfRegistration, seconds } from './row-lifetime.ts';
import { clientRowSchema, clientSchema } from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/** Our registrations at issuers, sealed whole. Throws the errors of the table. */
export function clientStore(options: StoreOptions): ClientStore {
  const { table, now, report } = options;
  const { seal, open, alive } = sealedRows(options, (key, reason) =>
    report?.({ kind: 'client', issuer: issuerIn(key.pk), reason }),
  );

  const read = async (key: Key) => {
    const row = alive(key, await table.get(key), clientRowSchema);
    const plain = defined({ clientId: row?.clientId });
    return row === undefined ? undefined : open({ key, plain }, row, clientSchema);
  };

  const currentRow = async (key: Key, client: Client) => {
    const plain = { clientId: client.id };
    return {
      ...plain,
      sealed: await seal({ key, plain }, client),
      expires: seconds(endOfRegistration(client, now())),
    };
  };

  return {
    getClient: (issuer, redirectUri) => read(clientKey(issuer, redirectUri)),
    getClientById: (issuer, id) => read(clientIdKey(issuer, id)),
    saveClient: async (client) => {
      const key = clientKey(client.issuer, client.redirectUri);
      const row = await currentRow(key, client);
      const isKept = await table.put(key, row, {
        kind: 'absentOrAtMost',
        name: 'expires',
        most: seconds(now()),
      });
      const known = isKept ? undefined : await read(key);
      if (known !== undefined) return known;
      // What is there cannot be read: it would keep out every registration until it expires.
      if (!isKept) await table.put(key, row);
      const byId = clientIdKey(client.issuer, client.id);
      await table.put(
        byId,
        defined({
          sealed: await seal({ key: byId, plain: {} }, client),
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
