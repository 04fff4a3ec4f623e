import { exchangeIssuer, type McpServer } from '../model/mcpserver.ts';
import type { Person } from './person.ts';

/**
 * What is known of one person's permission to use one server, in clear. Its tokens are kept apart,
 * sealed.
 */
export type Grant = {
  readonly person: PersonKey;
  /** A re-created server has another uid and inherits nothing. */
  readonly serverUid: string;
  /** `namespace/name`, to look whether the server is still there. */
  readonly serverName: string;
  /** Canonical address of the server when the grant was made (`canonicalUrl`). */
  readonly serverUrl: string;
  /** The issuer that made its tokens, letter for letter. */
  readonly issuer: string;
  /** Who we were to that issuer, and what for (RFC 8707): a refresh has to say both again. */
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly kind: GrantKind;
  readonly obtainedAt: Date;
  /** Absent: the issuer did not say. */
  readonly expiresAt?: Date;
  readonly refreshable: boolean;
  /** The server or its issuer did not accept it any more, or, with single sign-on, never did. */
  readonly refused?: Refusal;
  readonly lastVerified?: Date;
};

/**
 * How a grant came to be: the person's own sign-in, a token exchange (RFC 8693), or the person's
 * own bearer, sent along. A forwarded bearer is never stored: its grant only remembers what the
 * server said.
 */
type GrantKind = 'signIn' | 'exchange' | 'forwarding';

type Refusal = {
  readonly at: Date;
  readonly by: 'server' | 'issuer';
  /** In words for people, without secrets. */
  readonly message: string;
  /** RFC 6750, `insufficient_scope`: a sign-in that asks for these, too, gets further. */
  readonly missingScopes?: readonly string[];
};

/**
 * A grant with its secrets, as it was read. `generation` names the tokens: it changes with them,
 * and with nothing else.
 */
export type StoredGrant = {
  readonly grant: Grant;
  /** Absent: there are none, or they cannot be opened any more. */
  readonly tokens?: Tokens;
  readonly generation: string;
};

/** The identity of a person; the rest of `Person` is for showing. */
export type PersonKey = Pick<Person, 'issuer' | 'subject'>;

/** The secrets of a grant. Never logged and never in an answer. */
export type Tokens = { readonly accessToken: string; readonly refreshToken?: string };

/**
 * The address of a server in the one form that is compared and sent as `resource`: no fragment, no
 * credentials. Undefined: it is no URL.
 */
export function canonicalUrl(text: string | undefined): string | undefined {
  const url = URL.parse(text ?? '');
  if (url === null) return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  return url.href;
}

/** Where a grant and the server it was made for part ways; undefined while they belong together. */
export function mismatch(grant: Grant, server: McpServer): string | undefined {
  if (grant.serverUid !== server.uid) return 'The server was created again since you signed in.';
  if (grant.serverUrl !== canonicalUrl(server.url))
    return 'The URL of the server has changed since you signed in.';
  if (grant.kind !== (server.singleSignOn ?? 'signIn'))
    return 'The server is signed in to in another way than before.';
  const pinned =
    server.auth?.tokenExchange?.enabled === true
      ? exchangeIssuer(server)
      : server.auth?.authorizationServer?.issuer;
  if (pinned !== undefined && pinned !== grant.issuer)
    return 'The issuer of the server has changed since you signed in.';
  return undefined;
}

export const isSamePerson = (one: PersonKey, other: PersonKey): boolean =>
  one.issuer === other.issuer && one.subject === other.subject;

/** What came of asking an issuer for the tokens of a new grant. */
export type ExchangeResult =
  | {
      readonly kind: 'exchanged';
      readonly tokens: Tokens;
      readonly scopes: readonly string[];
      readonly expiresAt?: Date;
    }
  | { readonly kind: 'refused'; readonly message: string };
