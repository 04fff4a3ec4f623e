/** What a person's own machine gets for one server: a token, its own token to use, or a reason. */
import { loopbackHosts } from '../model/loopback-redirect.ts';
import { asksForSignIn, type McpServer, qualifiedName } from '../model/mcpserver.ts';
import { inClusterName } from '../model/service-name.ts';
import type { Session } from '../model/wire/server-wire.ts';
import { canonicalUrl, type Grant } from './grant.ts';
import type { Person } from './person.ts';
import { isHost, refusesTokens, type TokenPolicy } from './policy.ts';
import { heldSession } from './session.ts';

/** The settings RELEASE_* of the owner, and how a name inside the cluster is recognized. */
export type ReleasePolicy = {
  /** Whether access tokens leave the endpoint at all. */
  readonly isOn: boolean;
  /** Only tokens for these hosts. Empty: for every server with a session. */
  readonly hosts: readonly string[];
  readonly clusterDomain: string;
};

/** The default. */
export const nothingReleased: ReleasePolicy = {
  isOn: false,
  hosts: [],
  clusterDomain: 'cluster.local',
};

export type ReleaseVerdict =
  /** The server asks for no sign-in. */
  | { readonly kind: 'open'; readonly url: string }
  /** The machine sends its own token for muster, to this URL only. */
  | { readonly kind: 'forwarded'; readonly url: string }
  /** The access token of the grant, once it is fresh. */
  | { readonly kind: 'token'; readonly url: string }
  /** The owner of the endpoint releases no token for it. */
  | { readonly kind: 'notReleased'; readonly message: string; readonly setting: string }
  /** No machine outside the cluster can use it, or not with a token of a person. */
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'noSession'; readonly session: Session };

/**
 * Whether a machine of this person may use the server by itself. STATE is no part of it: it is
 * older than what the machine is about to see.
 */
export function judgeRelease(
  server: McpServer,
  person: Person,
  grant: Grant | undefined,
  now: Date,
  { policy, release }: { readonly policy: TokenPolicy; readonly release: ReleasePolicy },
): ReleaseVerdict {
  if (!release.isOn)
    return {
      kind: 'notReleased',
      message: 'This endpoint releases no tokens.',
      setting: 'RELEASE_TOKENS',
    };
  const url = URL.parse(canonicalUrl(server.url) ?? '');
  const unusable = refusesUse(server, url, release);
  if (unusable !== undefined || url === null)
    return { kind: 'unusable', message: unusable ?? 'The URL of the server is not valid.' };
  if (!asksForSignIn(server)) return { kind: 'open', url: url.href };

  const tokenless = refusesTokens(server, policy)?.message ?? refusesClearText(url);
  if (tokenless !== undefined) return { kind: 'unusable', message: tokenless };
  if (release.hosts.length > 0 && !release.hosts.some((pattern) => isHost(url, pattern)))
    return {
      kind: 'notReleased',
      message: `This endpoint releases no tokens for ${url.host}.`,
      setting: 'RELEASE_HOSTS',
    };
  const session = heldSession(server, person, grant, now, { policy, label: qualifiedName });
  if (session.status !== 'Authenticated') return { kind: 'noSession', session };
  return { kind: server.singleSignOn === 'forwarding' ? 'forwarded' : 'token', url: url.href };
}

/** Why a machine of a person cannot reach the server as the cluster declares it. */
function refusesUse(
  server: McpServer,
  url: URL | null,
  { clusterDomain }: ReleasePolicy,
): string | undefined {
  if (server.type === 'stdio') return 'It is a server of type stdio, which has no URL.';
  if (server.suspended === true) return 'Its owner suspended it (spec.suspended).';
  if (url === null) return undefined;
  if (inClusterName(server.url, clusterDomain) !== undefined)
    return `${url.hostname} is a name inside the cluster. No other machine can reach it.`;
  // They are part of how the server is reached, and are never shown: keys are kept there.
  if (Object.keys(server.headers).length > 0)
    return 'The server gets headers of its own (spec.headers), which never leave the cluster.';
  const written = URL.parse(server.url ?? '');
  if (written?.username !== '' || written.password !== '' || written.search !== '')
    return 'The URL of the server has a user, a password or a query, which never leave the cluster.';
  return undefined;
}

/** Only this machine hears what is sent to loopback. */
const refusesClearText = ({ protocol, hostname }: URL): string | undefined =>
  protocol === 'https:' || loopbackHosts.has(hostname)
    ? undefined
    : 'Tokens are used over https only, or on loopback. The URL of the server does not use https.';
