/** The grant that a token exchange (RFC 8693) makes from the person's own token. */
import { resourceOf } from '../model/canonical-resource.ts';
import { defined } from '../model/defined.ts';
import { exchangeIssuer, type McpServer, qualifiedName } from '../model/mcpserver.ts';
import { canonicalUrl, type ExchangeResult, type Grant, type Tokens } from './grant.ts';
import type { Caller, Person } from './person.ts';
import type { Clock } from './ports.ts';

/** A token exchange can fail for reasons that are not the person's: the stored grant stays. */
export type TokenExchangeResult =
  | ExchangeResult
  | { readonly kind: 'unavailable'; readonly message: string };

export type ExchangePorts = Clock & {
  /** RFC 8693: the person's own token for one that the server's issuer made. */
  readonly exchangeToken: (server: McpServer, token: string) => Promise<TokenExchangeResult>;
};

/** The person, and the token that single sign-on may send. */
export type SignedIn = Pick<Caller, 'person' | 'token'>;

export type ExchangedGrant =
  | { readonly kind: 'exchanged'; readonly grant: Grant; readonly tokens: Tokens }
  /** The issuer said no; the grant says why. */
  | { readonly kind: 'refused'; readonly grant: Grant }
  | { readonly kind: 'unavailable'; readonly message: string };

/** Exchanges the token. Nothing is stored yet. */
export async function exchangeForGrant(
  ports: ExchangePorts,
  server: McpServer,
  { person, token }: SignedIn,
): Promise<ExchangedGrant> {
  const exchanged = await ports.exchangeToken(server, token);
  const now = ports.now();
  const grant = {
    ...identityOf(server, person),
    kind: 'exchange' as const,
    issuer: exchangeIssuer(server) ?? '',
    clientId: '',
    resource: resourceOf(new URL(server.url ?? '')),
    obtainedAt: now,
    refreshable: false,
  };
  switch (exchanged.kind) {
    case 'unavailable':
      return exchanged;
    case 'refused': {
      const refused = { at: now, by: 'issuer' as const, message: exchanged.message };
      return { kind: 'refused', grant: { ...grant, scopes: [], refused } };
    }
    case 'exchanged': {
      const { tokens, scopes, expiresAt } = exchanged;
      return {
        kind: 'exchanged',
        grant: defined({ ...grant, scopes, expiresAt }),
        tokens: { accessToken: tokens.accessToken },
      };
    }
  }
}

/** What every grant of this person for this server has in common. */
export const identityOf = (server: McpServer, { issuer, subject }: Person) => ({
  person: { issuer, subject },
  serverUid: server.uid,
  serverName: qualifiedName(server),
  serverUrl: canonicalUrl(server.url) ?? '',
  headersDigest: server.headersDigest,
});
