/** What the rows of the table of the sessions contain, outside and inside the seal. */
import * as z from 'zod/mini';
import type { Grant, PersonKey } from '../../sessions/grant.ts';
import type { Attributes } from './dynamo-table.ts';
import { grantPrefix } from './row-keys.ts';

const time = z.pipe(
  z.pipe(
    z.iso.datetime(),
    z.transform((text) => new Date(text)),
  ),
  z.date(),
);

export const sealedSchema = z.object({
  protected: z.string(),
  iv: z.string(),
  ciphertext: z.string(),
  tag: z.string(),
});

/** What a list reads of a seal: enough to know whether its key is there. */
export const sealHeaderSchema = z.pick(sealedSchema, { protected: true });

// What is sealed is parsed where it is opened: a broken seal loses the secret, not the row.
const rowFields = { sealed: z.optional(z.unknown()), expires: z.optional(z.number()) };

/** The sort key alone, of whatever is in the row. */
export const sortKeySchema = z.object({ sk: z.string() });

const grantSchema = z.object({
  serverName: z.string(),
  serverUrl: z.string(),
  headersDigest: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  resource: z.string(),
  scopes: z.array(z.string()),
  kind: z.enum(['signIn', 'exchange', 'forwarding']),
  obtainedAt: time,
  expiresAt: z.exactOptional(time),
  refreshable: z.boolean(),
  refused: z.exactOptional(
    z.object({
      at: time,
      by: z.enum(['server', 'issuer']),
      message: z.string(),
      missingScopes: z.exactOptional(z.array(z.string())),
    }),
  ),
  lastVerified: z.exactOptional(time),
  refreshFailed: z.exactOptional(
    z.object({ at: time, message: z.string(), failures: z.number(), retryAt: time }),
  ),
});

export const grantRowSchema = z.object({
  ...rowFields,
  grant: grantSchema,
  generation: z.string(),
});
export const clientRowSchema = z.object({ ...rowFields, clientId: z.optional(z.string()) });
/** Since when no browser came back from an issuer, in ISO 8601. */
export const unansweredRowSchema = z.object({ ...rowFields, since: time });
export const refusedDocumentRowSchema = z.object(rowFields);
export const attemptRowSchema = z.object(rowFields);
export const signInRowSchema = z.object(rowFields);
export const pendingCodeRowSchema = z.object({ ...rowFields, starter: z.string() });

type PlainGrant = z.infer<typeof grantSchema>;

/** The grant of a row; person and server are in its key. */
export const grantFrom = (person: PersonKey, sk: string, grant: PlainGrant): Grant => ({
  person: { issuer: person.issuer, subject: person.subject },
  serverUid: serverUidIn(sk),
  ...grant,
});

export const serverUidIn = (sk: string): string => sk.slice(grantPrefix.length);

/**
 * The plain part of a grant's row: what its key does not contain, times as text, always in the same
 * order. Throws a ZodError rather than give what could not be read again.
 */
export const grantAttributes = (grant: Grant): Attributes => {
  const plain = grantSchema.parse(JSON.parse(JSON.stringify(grant)));
  return JSON.parse(JSON.stringify(plain));
};

export const tokensSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.exactOptional(z.string()),
});

export const signInSchema = z.object({
  starter: z.object({ issuer: z.string(), subject: z.string() }),
  starterName: z.string(),
  serverUid: z.string(),
  serverName: z.string(),
  serverUrl: z.string(),
  headersDigest: z.string(),
  request: z.object({
    issuer: z.string(),
    clientId: z.string(),
    redirectUri: z.string(),
    resource: z.string(),
    scopes: z.array(z.string()),
    verifier: z.string(),
    isNamed: z._default(z.boolean(), false),
  }),
  returnTo: z.exactOptional(z.string()),
  expiresAt: time,
});

export const pendingCodeSchema = z.object({
  signIn: signInSchema,
  answer: z.object({ code: z.string(), iss: z.exactOptional(z.string()) }),
});

export const clientSchema = z.object({
  issuer: z.string(),
  id: z.string(),
  redirectUri: z.string(),
  authentication: z.enum(['none', 'client_secret_basic', 'client_secret_post']),
  secret: z.exactOptional(z.string()),
  expiresAt: z.exactOptional(time),
  registeredAt: z.exactOptional(time),
  scopes: z.exactOptional(z.array(z.string())),
});

/** Of the last access token that a machine got. */
export const releaseRowSchema = z.object({
  at: time,
  endsAt: z.exactOptional(time),
  expires: z.number(),
});

/** A registered key has `lastUsedAt`, a removed one has not. */
export const machineKeySchema = z.object({
  createdAt: time,
  lastUsedAt: z.exactOptional(time),
  expires: z.number(),
});
