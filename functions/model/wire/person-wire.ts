/** Who asks, how the command line signs in, and the keys of machines, on the wire. */
import * as z from 'zod/mini';
import { field, text, texts, time } from './wire-field.ts';

/** The owner of the token that came with the request. */
export const meSchema = z.object({
  subject: field(text, 'Subject of the token.'),
  issuer: field(text, 'Issuer of the token.'),
  email: field(z.optional(text), 'Email address of the person, if the issuer has verified it.'),
  name: field(z.optional(text), 'Name of the person, if the issuer provides it.'),
  expiresAt: field(time, 'When the token expires.'),
});
export type Me = z.infer<typeof meSchema>;

/** What the command line needs to sign a person in. */
export const configSchema = z.object({
  issuer: field(text, 'Issuer where people sign in to muster.'),
  clientId: field(text, 'Client ID of the command line at that issuer.'),
  scopes: field(texts, 'Scopes that the command line requests.'),
  optionalScopes: field(
    z.optional(texts),
    'Scopes that the command line requests only if the issuer lists them in `scopes_supported`.',
  ),
  audienceScopes: field(
    z.optional(texts),
    'Those of the scopes that MCPServers added (requiredAudiences). If the issuer refuses the sign-in with invalid_scope, the command line leaves them out.',
  ),
  resource: field(
    z.optional(text),
    'Audience of the access token that the endpoint accepts (RFC 8707). Absent if it accepts the ID token.',
  ),
  redirect: field(
    z.optional(text),
    'Loopback address that the browser returns to. Without a port, any free port is used.',
  ),
  parameters: field(
    z.optional(z.record(text, text)),
    'Parameters that the command line adds to the authorization request.',
  ),
  publicClientSecret: field(
    z.optional(text),
    'Client secret of a desktop client, which is public (RFC 8252, section 8.5).',
  ),
});
export type Config = z.infer<typeof configSchema>;

/** Issuers put the groups of a person into it. */
export const longestIdToken = 32_768;

/** Body of `POST /v1/me/key`. */
export const enrollRequestSchema = z.object({
  idToken: field(
    text.check(z.maxLength(longestIdToken)),
    'ID token of the sign-in. Its nonce is the thumbprint (RFC 7638) of the key of the proof.',
  ),
});

/** A registered key of one machine of the person. */
export const keySchema = z.object({
  thumbprint: field(text, 'Thumbprint of the public key (RFC 7638, SHA-256).'),
  createdAt: field(time, 'When the key was registered.'),
  lastUsedAt: field(time, 'When the key was last used, within a minute.'),
});

export const keysSchema = z.object({
  items: field(z.array(keySchema), 'The registered keys, the most recently used first.'),
});
export type Keys = z.infer<typeof keysSchema>;
