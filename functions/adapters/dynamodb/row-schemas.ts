/** What the rows of the table of the sessions contain, outside and inside the seal. */
import * as z from 'zod/mini';
import type { Grant, PersonKey } from '../../sessions/grant.ts';
import type { Attributes } from './dynamo-table.ts';
import { grantPrefix } from './row-keys.ts';

const time = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);

export const rowSchema = z.object({
  sealed: z.optional(
    z.object({ protected: z.string(), iv: z.string(), ciphertext: z.string(), tag: z.string() }),
  ),
  grant: z.optional(z.unknown()),
  generation: z.optional(z.string()),
  expires: z.optional(z.number()),
});
export type Row = z.infer<typeof rowSchema>;

/** A row as the list of a person's grants reads it. */
export const listedSchema = z.object({
  sk: z.string(),
  grant: z.unknown(),
  expires: z.optional(z.number()),
});

const grantSchema = z.object({
  serverName: z.string(),
  serverUrl: z.string(),
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
});

/** The grant of a row; person and server are in its key. */
export const grantFrom = (person: PersonKey, sk: string, grant: unknown): Grant => ({
  person: { issuer: person.issuer, subject: person.subject },
  serverUid: sk.slice(grantPrefix.length),
  ...grantSchema.parse(grant),
});

/** The plain part of a grant's row: what its key does not contain, times as text. */
export const grantAttributes = ({
  person: _person,
  serverUid: _serverUid,
  ...grant
}: Grant): Attributes => JSON.parse(JSON.stringify(grant));

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
  request: z.object({
    issuer: z.string(),
    clientId: z.string(),
    redirectUri: z.string(),
    resource: z.string(),
    scopes: z.array(z.string()),
    verifier: z.string(),
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
});

/** A registered key has `lastUsedAt`, a removed one has not. */
export const machineKeySchema = z.object({
  createdAt: time,
  lastUsedAt: z.exactOptional(time),
  expires: z.number(),
});
