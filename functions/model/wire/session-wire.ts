/** Sign-ins, sign-outs and released tokens on the wire. */
import * as z from 'zod/mini';
import { serverTypes } from '../mcpserver.ts';
import { sessionSchema } from './server-wire.ts';
import { field, name, namespace, text, texts, time } from './wire-field.ts';

// A row of the table holds the address.
const longestUrl = 2_048;
const longestSecret = 256;

/** Body of `POST .../session`. */
export const signInRequestSchema = z.object({
  returnTo: field(
    z.optional(text.check(z.maxLength(longestUrl))),
    'Loopback address that the browser returns to, or exactly the address of the live page where LIVE_PAGE=on. Without it the callback page shows the one-time secret.',
  ),
});

export const signInStartedSchema = z.object({
  authorizationUrl: field(text, 'Address to open in a browser.'),
  expiresAt: field(time, 'When the sign-in expires unless it is completed.'),
});
export type SignInStarted = z.infer<typeof signInStartedSchema>;

/** Body of `POST .../session/complete`. */
export const completeRequestSchema = z.object({
  secret: field(
    text.check(z.maxLength(longestSecret)),
    'The one-time secret that the callback gave to the browser.',
  ),
});

/** Access tokens that a sign-out cannot take back. */
export const inUseSchema = z.object({
  until: field(
    z.optional(time),
    'When the last of them ends. Absent if an issuer did not say when.',
  ),
});
export type InUse = z.infer<typeof inUseSchema>;

/** Answer of `complete`, `verify` and sign-out. */
export const sessionAnswerSchema = z.object({
  namespace,
  name,
  session: field(sessionSchema, 'The session after the request.'),
  inUse: field(
    z.optional(inUseSchema),
    'After a sign-out: access tokens that machines of the person still have. Absent if there are none.',
  ),
});
export type SessionAnswer = z.infer<typeof sessionAnswerSchema>;

/** Answer of `DELETE /v1/sessions`. */
export const signedOutSchema = z.object({
  inUse: field(
    z.optional(inUseSchema),
    'Access tokens that machines of the person still have. Absent if there are none.',
  ),
});
export type SignedOut = z.infer<typeof signedOutSchema>;

// Longer than the name of any generation.
const longestGeneration = 128;

/** Body of `POST .../session/token`. */
export const tokenRequestSchema = z.object({
  stale: field(
    z.optional(text.check(z.maxLength(longestGeneration))),
    'Generation of a token that the server refused (401). If it is still the present one, it is refreshed first.',
  ),
  refused: field(
    z.optional(text.check(z.maxLength(longestGeneration))),
    'Generation of a refreshed token that the server refused again. If it is still the present one, the session ends: it is Expired.',
  ),
});

/** What a person's machine gets to use a server itself. */
export const releasedTokenSchema = z.object({
  url: field(text, 'URL of the server. Send the token to its origin only.'),
  type: field(z.enum(serverTypes), 'Transport of the server.'),
  kind: field(
    z.enum(['token', 'open', 'forwarded']),
    'What to send to `url`. `token`: `accessToken`. `open`: nothing, the server asks for no sign-in. `forwarded`: the token of this request.',
  ),
  tokenType: field(z.optional(z.literal('Bearer')), 'Type of the token. Only with `token`.'),
  accessToken: field(z.optional(text), 'Access token of the session. Only with `token`.'),
  expiresAt: field(
    z.optional(time),
    'When the token expires. Absent if the issuer did not say, or without `token`.',
  ),
  scopes: field(z.optional(texts), 'Scopes of the session. Only with `token`.'),
  generation: field(
    z.optional(text),
    'Names this token in `stale` and `refused`. Only with `token`.',
  ),
});
export type ReleasedToken = z.infer<typeof releasedTokenSchema>;
