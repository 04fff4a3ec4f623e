import { sameIssuer } from '../model/issuer-identifier.ts';
import { oneLine } from '../model/outside-text.ts';
import { shownUrl } from '../model/shown-url.ts';
import { exchangeIssuer, type McpServer } from '../model/mcpserver.ts';
import type { Person } from './person.ts';

/**
 * One person's permission to use one server, in plain text. Its tokens are stored beside it,
 * sealed.
 */
export type Grant = {
  readonly person: PersonKey;
  /** A re-created server has another uid and inherits nothing. */
  readonly serverUid: string;
  /** `namespace/name`, to check whether the server still exists. */
  readonly serverName: string;
  /** Canonical address of the server when the grant was made (`canonicalUrl`). */
  readonly serverUrl: string;
  /** That of the server when the grant was made (`McpServer.headersDigest`). */
  readonly headersDigest: string;
  /** The issuer that made its tokens, exactly as it names itself. */
  readonly issuer: string;
  /** Our client at that issuer, and the resource (RFC 8707): a refresh repeats both. */
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly kind: GrantKind;
  readonly obtainedAt: Date;
  /** Absent: the issuer did not name an expiry. */
  readonly expiresAt?: Date;
  readonly refreshable: boolean;
  /** The server or its issuer no longer accepts it, or, with single sign-on, never did. */
  readonly refused?: Refusal;
  readonly lastVerified?: Date;
  /** The last refresh failed and did not end the grant. A refresh that succeeds removes it. */
  readonly refreshFailed?: RefreshTrouble;
  /** A list saw that the key which sealed its tokens is unknown. It is never stored. */
  readonly isKeyMissing?: boolean;
};

type RefreshTrouble = {
  readonly at: Date;
  /** A sentence for people, without secrets. */
  readonly message: string;
  /** Failed refreshes in a row. */
  readonly failures: number;
  /** Until then the issuer is not asked again. */
  readonly retryAt: Date;
};

/**
 * How a grant was made: the person's own sign-in, a token exchange (RFC 8693), or the person's own
 * token, forwarded. A forwarded token is never stored: its grant only holds the server's answer.
 */
type GrantKind = 'signIn' | 'exchange' | 'forwarding';

type Refusal = {
  readonly at: Date;
  readonly by: 'server' | 'issuer';
  /** A sentence for people, without secrets. */
  readonly message: string;
  /** RFC 6750, `insufficient_scope`: the next sign-in also has to request these. */
  readonly missingScopes?: readonly string[];
};

/**
 * A grant with its secrets, as it was read. `generation` names the tokens: it changes with them,
 * and with nothing else.
 */
export type StoredGrant = {
  readonly grant: Grant;
  /** Absent: there are none, or they can no longer be decrypted. */
  readonly tokens?: Tokens;
  readonly generation: string;
};

/** A grant that was just removed. Without tokens where they can no longer be decrypted. */
export type DeletedGrant = { readonly grant: Grant; readonly tokens?: Tokens };

/** The identity of a person; the rest of `Person` is for display. */
export type PersonKey = Pick<Person, 'issuer' | 'subject'>;

/** The secrets of a grant. Never logged, never in a response. */
export type Tokens = { readonly accessToken: string; readonly refreshToken?: string };

/**
 * The URL of a server in the one form that is compared and sent as `resource`: no fragment, no
 * credentials. Undefined: the URL is not valid.
 */
export function canonicalUrl(text: string | undefined): string | undefined {
  const url = URL.parse(text ?? '');
  if (url === null) return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  return url.href;
}

/** Why a grant no longer fits the server it was made for; undefined while it does. */
export function mismatch(grant: Grant, server: McpServer): string | undefined {
  if (grant.serverUid !== server.uid)
    return 'The server was deleted and created again after you signed in.';
  if (grant.serverUrl !== canonicalUrl(server.url))
    return `The URL of the server changed after you signed in: it was ${shown(grant.serverUrl)}, and is ${shown(server.url ?? '')} now.`;
  if (grant.headersDigest !== server.headersDigest)
    return 'The headers of the server changed after you signed in.';
  if (grant.kind !== (server.singleSignOn ?? 'signIn'))
    return 'The sign-in method of the server changed after you signed in.';
  const pinned =
    server.auth?.tokenExchange?.enabled === true
      ? exchangeIssuer(server)
      : server.auth?.authorizationServer?.issuer;
  if (pinned !== undefined && !sameIssuer(pinned, grant.issuer))
    return `The issuer of the server changed after you signed in: it was ${shown(grant.issuer)}, and is ${shown(pinned)} now.`;
  return undefined;
}

/** An address in a sentence, without what could be a secret in it. */
const shown = (address: string): string => oneLine(shownUrl(address), 200);

/** Its tokens were sealed with a key that was removed, or changed in the table: they are lost. */
export const withoutTokens = (grant: Grant, at: Date): Grant => ({
  ...grant,
  refused: {
    at,
    by: 'issuer',
    message:
      'The stored tokens cannot be decrypted: their key is missing from TOKEN_KEYS, or their row was changed.',
  },
});

export const isSamePerson = (one: PersonKey, other: PersonKey): boolean =>
  one.issuer === other.issuer && one.subject === other.subject;

/** The issuer's answer to a request for the tokens of a new grant. */
export type ExchangeResult =
  | {
      readonly kind: 'exchanged';
      readonly tokens: Tokens;
      readonly scopes: readonly string[];
      readonly expiresAt?: Date;
    }
  | { readonly kind: 'refused'; readonly message: string };
