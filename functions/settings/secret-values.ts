/** The values of secrets. No message quotes one. */
import * as z from 'zod/mini';
import { parseJson } from '../model/json.ts';
import type { Reader } from '../model/setting-reader.ts';
import type { Client } from '../sessions/client.ts';

/** The messages do not quote a key: it is a secret. */
export function tokenKeys(from: Reader): readonly string[] {
  const text = from.text('TOKEN_KEYS');
  const keys = from.list('TOKEN_KEYS');
  if (text !== '' && !(keys.length > 0 && keys.every((key) => /^[\w.-]+:[\w-]{43}$/.test(key))))
    from.report('A key in TOKEN_KEYS is not id:base64url of 32 bytes.');
  return keys;
}

type ConfiguredClient = Pick<Client, 'issuer' | 'id' | 'secret'>;

const clientsSchema = z.array(
  z.object({
    issuer: z.url(),
    id: z.string().check(z.minLength(1)),
    secret: z.exactOptional(z.string().check(z.minLength(1))),
  }),
);

/** The message does not quote the value: it holds secrets. */
export function clients(from: Reader): readonly ConfiguredClient[] {
  const parsed = clientsSchema.safeParse(parseJson(from.text('OAUTH_CLIENTS')));
  if (!parsed.success)
    from.report('OAUTH_CLIENTS is not a JSON list of {"issuer", "id", "secret"}.');
  return parsed.data ?? [];
}
