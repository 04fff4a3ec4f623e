import { isRecord } from '../../functions/model/json.ts';
import type { Connection } from './mcpservers.ts';
import { notOurs, serverUrl } from './mcpservers.ts';
import { provenExchange } from './proven-request.ts';
import { acceptedBody } from './request.ts';

/**
 * What the endpoint releases for one MCP server: the person's own access token, nothing where the
 * server asks for no sign-in, or the permission to send the person's own ID token to `url`.
 */
export type ReleasedToken = ReleasedTo &
  (
    | {
        readonly kind: 'token';
        readonly tokenType: string;
        readonly accessToken: string;
        readonly expiresAt?: string;
        readonly scopes?: readonly string[];
        /** Names this token: the next request may say that the server refused it. */
        readonly generation: string;
      }
    | { readonly kind: 'open' }
    | { readonly kind: 'forwarded' }
  );

type ReleasedTo = { readonly url: string; readonly type: string };

/**
 * Nothing; or the generation of a token that the server refused: for the first time (`stale`: it is
 * refreshed), or after such a refresh (`refused`: the session ends).
 */
export type ReleaseRequest = { readonly stale?: string } | { readonly refused: string };

/** A release, and the time of the endpoint when it was made. */
export type Release = { readonly released: ReleasedToken; readonly at?: Date };

/**
 * Asks for the person's token for one MCP server. Throws `RequestFailure` where the endpoint
 * releases none, and `NoMachineKey` when the sign-in has no key.
 */
export async function releaseToken(
  connection: Connection,
  server: { readonly namespace: string; readonly name: string },
  body: ReleaseRequest,
): Promise<Release> {
  const { sent, answer } = await provenExchange(connection, {
    method: 'POST',
    url: `${serverUrl(connection.endpoint, server)}/session/token`,
    body,
    // A refresh at the issuer, with its own deadline.
    timeoutMs: 30_000,
  });
  const released = acceptedBody(sent, answer);
  if (!isReleasedToken(released)) throw notOurs(connection.endpoint);
  return answer.date === undefined ? { released } : { released, at: answer.date };
}

const isReleasedToken = (body: unknown): body is ReleasedToken => {
  if (!isRecord(body)) return false;
  const { url, type, kind, accessToken, tokenType, generation, expiresAt } = body;
  if (typeof url !== 'string' || typeof type !== 'string') return false;
  if (kind !== 'token') return kind === 'open' || kind === 'forwarded';
  return (
    typeof accessToken === 'string' &&
    /^[\x21-\x7e]+$/.test(accessToken) &&
    typeof tokenType === 'string' &&
    tokenType.toLowerCase() === 'bearer' &&
    typeof generation === 'string' &&
    (expiresAt === undefined || typeof expiresAt === 'string')
  );
};
