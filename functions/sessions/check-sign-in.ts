import { asksForSignIn, type McpServer, qualifiedName } from '../model/mcpserver.ts';
import type { SignInCheck, SignInLink } from '../model/wire/check-wire.ts';
import { isSamePerson, mismatch, type StoredGrant } from './grant.ts';
import type { Caller } from './person.ts';
import {
  lacksAudience,
  refusesExchange,
  refusesForwarding,
  refusesTokens,
  type TokenPolicy,
} from './policy.ts';
import type { Clock, GrantStore } from './ports.ts';
import { discoveryLinks, linkOf, signInCheck } from './sign-in-chain.ts';
import type { SignInObservation } from './sign-in-observation.ts';
import type { VerificationPorts } from './verification.ts';

export type CheckSignInPorts = Clock &
  Pick<GrantStore, 'getGrant'> &
  Pick<VerificationPorts, 'verifyToken'> & {
    readonly policy: TokenPolicy;
    readonly inspectSignIn: (server: McpServer, url: URL) => Promise<SignInObservation>;
  };

/**
 * Every link of this person's sign-in to a server, without signing in: nothing is registered,
 * refreshed, exchanged or written. A token that the person has is sent to the server, once.
 */
export async function checkSignIn(
  ports: CheckSignInPorts,
  server: McpServer,
  caller: Pick<Caller, 'person' | 'token'>,
): Promise<SignInCheck> {
  if (server.type === 'stdio') return signInCheck([linkOf(server, 'stdio-server')]);
  const forbidden = refusesTokens(server, ports.policy);
  const url = URL.parse(server.url ?? '');
  if (forbidden !== undefined || url === null)
    return signInCheck([linkOf(server, 'server-url-unusable', forbidden?.message)]);
  switch (server.singleSignOn) {
    case 'forwarding':
      return signInCheck(await forwardingLinks(ports, server, caller));
    case 'exchange':
      return signInCheck(await exchangeLinks(ports, server, caller));
    case undefined:
      return signInCheck(await ownLinks(ports, server, url, caller));
  }
}

type SignedIn = Pick<Caller, 'person' | 'token'>;

async function ownLinks(
  ports: CheckSignInPorts,
  server: McpServer,
  url: URL,
  caller: SignedIn,
): Promise<readonly SignInLink[]> {
  const seen = await ports.inspectSignIn(server, url);
  const { status } = seen.resource?.challenge ?? {};
  const isAsked = asksForSignIn(server) || status === 401 || status === 403;
  // A server that is open and names no issuer is as it should be.
  if (!isAsked && seen.target === undefined && seen.resource !== undefined)
    return [linkOf(server, 'no-sign-in-needed')];
  const links = discoveryLinks(server, seen);
  if (!isAsked && seen.target !== undefined)
    return [linkOf(server, 'sign-in-not-declared'), ...links];
  return [...links, ...(await sessionLinks(ports, server, caller))];
}

async function forwardingLinks(
  ports: CheckSignInPorts,
  server: McpServer,
  { person, token }: SignedIn,
): Promise<readonly SignInLink[]> {
  const refused = refusesForwarding(server, ports.policy);
  if (refused !== undefined) return [linkOf(server, 'sso-refused', refused)];
  if (person.expiresAt <= ports.now()) return [linkOf(server, 'sso-token-expired')];
  const lacking = lacksAudience(server, person, ports.policy);
  if (lacking !== undefined) {
    const link = linkOf(server, 'sso-audience-missing', lacking.message);
    return [lacking.canSignIn ? link : { ...link, fixedBy: 'muster', fix: lacking.message }];
  }
  const audiences = server.auth?.requiredAudiences ?? [];
  const allowed = linkOf(
    server,
    'forwarding-allowed',
    `Your own token may be forwarded to ${hostOf(server)}. It ends at ${person.expiresAt.toISOString()}.`,
    audiences.length === 0 ? [] : [['requiredAudiences', audiences.join(', ')]],
  );
  return [allowed, await verified(ports, server, token)];
}

async function exchangeLinks(
  ports: CheckSignInPorts,
  server: McpServer,
  caller: SignedIn,
): Promise<readonly SignInLink[]> {
  const refused = refusesExchange(server, ports.policy);
  if (refused !== undefined) return [linkOf(server, 'sso-refused', refused)];
  if (caller.person.expiresAt <= ports.now()) return [linkOf(server, 'sso-token-expired')];
  const {
    dexTokenEndpoint: endpoint = '',
    connectorId = '',
    clientCredentialsSecretRef: secret,
  } = server.auth?.tokenExchange ?? {};
  const allowed = linkOf(server, 'exchange-allowed', undefined, [
    ['Token endpoint', endpoint],
    ['connectorId', connectorId],
    [
      'Secret',
      secret === undefined
        ? 'none'
        : qualifiedName({ namespace: secret.namespace ?? server.namespace, name: secret.name }),
    ],
  ]);
  return [allowed, ...(await sessionLinks(ports, server, caller))];
}

/** What is stored for this person, and the answer of the server to a token that is still valid. */
async function sessionLinks(
  ports: CheckSignInPorts,
  server: McpServer,
  { person }: SignedIn,
): Promise<readonly SignInLink[]> {
  const held = await ports.getGrant(person, server.uid);
  if (held === undefined || !isSamePerson(held.grant.person, person))
    return [linkOf(server, 'not-signed-in', `You are not signed in to ${qualifiedName(server)}.`)];
  const ended = endOf(held, server);
  if (ended !== undefined) return [linkOf(server, 'grant-ended', ended, factsOf(held))];
  const { expiresAt, refreshable } = held.grant;
  if (expiresAt !== undefined && expiresAt <= ports.now()) {
    const rest = refreshable ? 'It can be refreshed.' : 'It cannot be refreshed.';
    return [
      linkOf(
        server,
        'grant-expired',
        `Your token expired at ${expiresAt.toISOString()}. ${rest}`,
        factsOf(held),
      ),
    ];
  }
  const link = linkOf(server, 'signed-in', undefined, factsOf(held));
  const { accessToken = '' } = held.tokens ?? {};
  return [link, await verified(ports, server, accessToken)];
}

const endOf = ({ grant, tokens }: StoredGrant, server: McpServer): string | undefined =>
  mismatch(grant, server) ??
  grant.refused?.message ??
  (tokens === undefined ? 'The stored tokens cannot be decrypted.' : undefined);

const factsOf = ({ grant }: StoredGrant): readonly (readonly [string, string])[] => [
  ['Issuer', grant.issuer],
  ['Scopes', grant.scopes.join(' ') || 'none'],
  ['Expires', grant.expiresAt?.toISOString() ?? 'unknown'],
  ['Refreshable', grant.refreshable ? 'yes' : 'no'],
  ['Last verified', grant.lastVerified?.toISOString() ?? 'never'],
];

/** One request with the token. Its result is only told: the grant stays as it is. */
async function verified(
  ports: CheckSignInPorts,
  server: McpServer,
  token: string,
): Promise<SignInLink> {
  const result = await ports.verifyToken(server, token);
  switch (result.kind) {
    case 'accepted':
      return linkOf(
        server,
        'token-accepted',
        `${hostOf(server)} accepted a request with your token.`,
      );
    case 'refused':
      return linkOf(server, 'token-refused', result.message);
    case 'insufficientScope':
      return linkOf(
        server,
        'token-refused',
        `The server requires more scopes: ${result.scopes.join(' ') || 'it does not name them'}.`,
      );
    case 'unclear':
      return linkOf(server, 'token-unclear', result.message);
  }
}

const hostOf = ({ url = '' }: McpServer): string => URL.parse(url)?.host ?? '';
