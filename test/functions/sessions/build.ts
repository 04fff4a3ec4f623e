/** Servers, persons and grants for tests; say only what matters. */
import type { ConditionStatus, McpServer, Status } from '../../../functions/model/mcpserver.ts';
import type { Grant } from '../../../functions/sessions/grant.ts';
import type { TokenPolicy } from '../../../functions/sessions/policy.ts';
import { aServer, anAuth, connected, unreachable } from '../../world/server.ts';

export const now = new Date('2026-11-22T12:00:00Z');
export const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

export type ServerFacts = Partial<Omit<McpServer, 'status'>> & {
  readonly state?: 'Connected' | 'Connecting' | 'Failed' | 'Auth Required' | '';
  readonly authRequired?: ConditionStatus;
};

/** A server that is up and asks for a sign-in; `state: ''` was never probed. */
export function protectedServer({
  state = 'Connected',
  authRequired = 'True',
  ...facts
}: ServerFacts = {}): McpServer {
  const status = statusOf(state, authRequired);
  return aServer({ uid: 'uid-a', url: 'https://mcp.example.com/mcp', status, ...facts });
}

function statusOf(state: NonNullable<ServerFacts['state']>, authRequired: ConditionStatus): Status {
  const { state: _state, conditions, ...rest } = connected(authRequired);
  switch (state) {
    case '':
      return { ...rest, conditions: conditions.filter(({ type }) => type !== 'Reachable') };
    // The word of another writer, before our first sweep.
    case 'Auth Required':
      return { ...rest, state, conditions: conditions.filter(({ type }) => type !== 'Reachable') };
    case 'Connected':
      return connected(authRequired);
    case 'Connecting':
    case 'Failed':
      return unreachable(state, authRequired);
  }
}

/** Ada's grant for `aServer()`, valid for an hour, not refreshable. */
export function aGrant(facts: Partial<Grant> = {}): Grant {
  return {
    person: { issuer: 'https://login.example.com', subject: 'ada' },
    serverUid: 'uid-a',
    serverName: 'default/server-a',
    serverUrl: 'https://mcp.example.com/mcp',
    headersDigest: '',
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    resource: 'https://mcp.example.com/mcp',
    scopes: ['mcp'],
    kind: 'signIn',
    obtainedAt: minutes(-5),
    expiresAt: minutes(60),
    refreshable: false,
    ...facts,
  };
}

export const auth = anAuth({ type: 'oauth' });
export const exchange = {
  enabled: true,
  dexTokenEndpoint: 'https://issuer.example.com/token',
  connectorId: 'muster',
  scopes: 'openid',
} as const;

/** The owner lets tokens go to the hosts and issuers of these tests. */
export const allowed: TokenPolicy = {
  forwardHosts: ['mcp.example.com'],
  exchangeIssuers: ['https://issuer.example.com'],
  audienceNamespaces: ['default'],
  secretNamespaces: [],
  hasIdTokens: true,
  allowInsecure: false,
};
