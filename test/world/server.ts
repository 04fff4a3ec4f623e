import { headersDigest } from '../../functions/adapters/cluster/mcpserver-object.ts';
import {
  type Auth,
  type Condition,
  type McpServer,
  singleSignOnOf,
  type Status,
} from '../../functions/model/mcpserver.ts';

/** An MCPServer that mentions only what matters. */
export const aServer = (facts: Partial<McpServer> = {}): McpServer => ({
  headersDigest: headersDigest(facts.uid ?? 'uid-of-server-a', facts.headers ?? {}),
  namespace: 'default',
  name: 'server-a',
  uid: 'uid-of-server-a',
  generation: 1,
  resourceVersion: '1',
  type: 'streamable-http',
  url: 'http://127.0.0.1:1/mcp',
  headers: {},
  timeoutMs: 30_000,
  autoStart: false,
  status: neverProbed,
  singleSignOn: singleSignOnOf(facts.auth),
  ...facts,
});

export const neverProbed: Status = { consecutiveFailures: 0, conditions: [] };

export const aStatus = (facts: Partial<Status> = {}): Status => ({ ...neverProbed, ...facts });

export const aCondition = (facts: Partial<Condition> = {}): Condition => ({
  type: 'Reachable',
  status: 'True',
  reason: 'Responded',
  message: '',
  lastTransitionTime: new Date('2026-01-01T00:00:00Z'),
  observedGeneration: 1,
  ...facts,
});

/** What a sweep leaves for a server that answered. */
export const connected = (authRequired: Condition['status'] = 'False'): Status =>
  aStatus({
    state: 'Connected',
    lastAttempt: new Date('2026-01-01T00:00:00Z'),
    lastConnected: new Date('2026-01-01T00:00:00Z'),
    conditions: [
      aCondition(),
      aCondition({
        type: 'AuthRequired',
        status: authRequired,
        reason: 'AuthenticationNotRequired',
      }),
      aCondition({ type: 'SpeaksMCP', reason: 'MCPResponse' }),
    ],
  });

/** What a sweep leaves for a server that did not answer. */
export const unreachable = (
  state: 'Connecting' | 'Failed',
  authRequired: Condition['status'] = 'False',
): Status => {
  const { conditions, ...rest } = connected(authRequired);
  const lastError = 'Connection refused.';
  return {
    ...rest,
    state,
    lastError,
    consecutiveFailures: state === 'Failed' ? 3 : 1,
    conditions: [
      aCondition({ status: 'False', reason: 'ConnectionRefused', message: lastError }),
      ...conditions.filter(({ type }) => type !== 'Reachable'),
    ],
  };
};

export const anAuth = (facts: Partial<Auth> = {}): Auth => ({
  type: 'none',
  forwardToken: false,
  requiredAudiences: [],
  ...facts,
});
