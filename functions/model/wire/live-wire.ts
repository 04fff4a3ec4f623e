/** The sign-in of the live page on the wire. */
import * as z from 'zod/mini';
import { field, text, time } from './wire-field.ts';

/** 32 bytes in base64url: SHA-256, as RFC 7636 and RFC 7638 write it. */
const digest = text.check(z.regex(/^[\w-]{43}$/));

/** Body of `POST /v1/live/sign-in`. */
export const liveSignInRequestSchema = z.object({
  state: field(
    text.check(z.regex(/^[\w-]{22,128}$/)),
    'Random text of the page (base64url). The issuer returns it.',
  ),
  challenge: field(digest, 'SHA-256 of the verifier that the page keeps (RFC 7636, S256).'),
  nonce: field(digest, "Thumbprint (RFC 7638) of the page's new key."),
  fewerScopes: field(
    z.optional(z.boolean()),
    'After `error=invalid_scope`: leaves out the scopes that MCPServers added or, if there are none, the optional ones.',
  ),
});
export type LiveSignInRequest = z.infer<typeof liveSignInRequestSchema>;

export const liveSignInStartedSchema = z.object({
  authorizationUrl: field(text, 'Address that the page leads the browser to.'),
});
export type LiveSignInStarted = z.infer<typeof liveSignInStartedSchema>;

/** Body of `POST /v1/live/sign-in/complete`. */
export const liveCompleteRequestSchema = z.object({
  code: field(
    text.check(z.minLength(1), z.maxLength(8_192)),
    'Code that the issuer gave to the browser.',
  ),
  // RFC 7636, section 4.1.
  verifier: field(
    text.check(z.regex(/^[\w.~-]{43,128}$/)),
    'The verifier that belongs to the challenge.',
  ),
  nonce: field(digest, "Thumbprint of the page's key, as at the start."),
  iss: field(
    z.optional(text.check(z.maxLength(2_048))),
    'The parameter `iss` that came with the code (RFC 9207).',
  ),
});
export type LiveCompleteRequest = z.infer<typeof liveCompleteRequestSchema>;

/** Answer of `POST /v1/live/sign-in/complete`. */
export const liveSignedInSchema = z.object({
  token: field(text, 'Token for the header `Authorization: Bearer`.'),
  idToken: field(text, 'ID token of the sign-in, for `POST /v1/me/key`.'),
  expiresAt: field(time, 'When the token expires.'),
});
export type LiveSignedIn = z.infer<typeof liveSignedInSchema>;

/** Answer of `POST /v1/live/resume`. */
export const liveResumedSchema = z.object({
  token: field(text, 'Token for the header `Authorization: Bearer`.'),
  expiresAt: field(time, 'When the token expires.'),
});
export type LiveResumed = z.infer<typeof liveResumedSchema>;
