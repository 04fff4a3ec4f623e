import { defined } from '../../model/defined.ts';
import type { Client } from '../../sessions/client.ts';
import type { AnswerMarks, ClientStore } from '../../sessions/ports.ts';
import type { Key } from './dynamo-table.ts';
import {
  attemptKey,
  clientIdKey,
  clientKey,
  issuerIn,
  refusedDocumentKey,
  unansweredKey,
} from './row-keys.ts';
import { endOfMark, endOfRefusedDocument, endOfRegistration, seconds } from './row-lifetime.ts';
import {
  attemptRowSchema,
  clientRowSchema,
  clientSchema,
  refusedDocumentRowSchema,
  unansweredRowSchema,
} from './row-schemas.ts';
import { sealedRows, type StoreOptions } from './sealed-row.ts';

/**
 * Our registrations at issuers, sealed whole, and what we noticed about those issuers. Throws the
 * errors of the table.
 */
export function clientStore(options: StoreOptions): ClientStore & AnswerMarks {
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

    markAttempt: async (person, serverUid, until) => {
      await table.put(attemptKey(person, serverUid), { expires: seconds(until) });
    },
    consumeAttempt: async (person, serverUid) => {
      const key = attemptKey(person, serverUid);
      return alive(key, await table.delete(key), attemptRowSchema) !== undefined;
    },
    markStarted: async (issuer, at) => {
      const row = { since: at.toISOString(), expires: seconds(endOfMark(at)) };
      await table.put(unansweredKey(issuer), row, {
        kind: 'absentOrAtMost',
        name: 'expires',
        most: seconds(now()),
      });
    },
    markAnswered: async (issuer) => {
      await table.delete(unansweredKey(issuer));
    },
    consumeUnanswered: async (issuer, before) => {
      const key = unansweredKey(issuer);
      const row = alive(key, await table.get(key), unansweredRowSchema);
      if (row === undefined || row.since > before) return false;
      const value = row.since.toISOString();
      return (await table.delete(key, { kind: 'equal', name: 'since', value })) !== undefined;
    },
    markDocumentRefused: async (issuer) => {
      const expires = seconds(endOfRefusedDocument(now()));
      await table.put(refusedDocumentKey(issuer), { expires });
    },
    isDocumentRefused: async (issuer) => {
      const key = refusedDocumentKey(issuer);
      return alive(key, await table.get(key), refusedDocumentRowSchema) !== undefined;
    },
  };
}
