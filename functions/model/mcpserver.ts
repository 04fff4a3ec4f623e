/**
 * The nouns of both flows: an MCPServer as the cluster declares it, and the status that a sweep
 * keeps for it.
 */

/** `spec.type` of the custom resource. */
export const serverTypes = ['streamable-http', 'sse', 'stdio'] as const;
export type ServerType = (typeof serverTypes)[number];

/**
 * The words a sweep writes into `status.state`. Upstream muster may have left another word of its
 * enum there.
 */
export const states = ['Connected', 'Connecting', 'Failed'] as const;
export type State = (typeof states)[number];

export const conditionTypes = ['Reachable', 'AuthRequired', 'SpeaksMCP', 'StateContended'] as const;
export type ConditionType = (typeof conditionTypes)[number];

export const conditionStatuses = ['True', 'False', 'Unknown'] as const;
export type ConditionStatus = (typeof conditionStatuses)[number];

/** Reasons of `Reachable`=True: somebody answered in HTTP. */
export const connectedReasons = [
  'Responded',
  'AuthenticationRequired',
  'Redirected',
  'EndpointNotFound',
  'EndpointGone',
  'RateLimited',
  'ServerError',
] as const;
export type ConnectedReason = (typeof connectedReasons)[number];

/** Reasons of `Reachable`=False that trying again cannot mend: `Failed` at once. */
export const failedReasons = [
  'InvalidSpec',
  'BlockedByPolicy',
  'DNSFailure',
  'TLSExpired',
  'TLSNotYetValid',
  'TLSUntrusted',
  'TLSHostname',
  'TLSProtocol',
  'ClientCertificateRequired',
  'NotHTTP',
] as const;
export type FailedReason = (typeof failedReasons)[number];

/** Reasons of `Reachable`=False that may pass: `Connecting` twice in a row, then `Failed`. */
export const failingReasons = [
  'ConnectionRefused',
  'ConnectionReset',
  'HostUnreachable',
  'Timeout',
  'UpstreamUnavailable',
] as const;
export type FailingReason = (typeof failingReasons)[number];

/** Reasons of `AuthRequired`, one for each of its statuses. */
export const authRequiredReasons = {
  True: 'AuthenticationRequired',
  False: 'AuthenticationNotRequired',
  Unknown: 'NotDetermined',
} as const satisfies Record<ConditionStatus, string>;

/**
 * Reasons of `SpeaksMCP`, one for each of its statuses: whether what answers is an MCP server. It
 * never changes STATE.
 */
export const speaksMcpReasons = {
  True: 'MCPResponse',
  False: 'NoMCPResponse',
  Unknown: 'MCPNotDetermined',
} as const satisfies Record<ConditionStatus, string>;

/**
 * The other values of `status.state`, which giantswarm/muster writes: the enum of its CRD, up to
 * version 5.28.
 */
export const upstreamStates = [
  'Running',
  'Starting',
  'Stopped',
  'Auth Required',
  'Awaiting Session',
  'Disconnected',
] as const;

/** Its values for a server that has answered, by version 5.28. */
const upstreamReachable: ReadonlySet<string> = new Set([
  'Connected',
  'Auth Required',
  'Awaiting Session',
]);

/** Reasons of `StateContended`: whether another writer replaces our word in `status.state`. */
export const contendedReasons = { True: 'OtherWriter', False: 'OnlyWriter' } as const;

/** The words of a status whose full ones the API server did not accept. */
export const refusedMessage =
  'The cluster refused the full message. The log of the sweep has the reason.';

/** Why a server with `spec.suspended` has no STATE. It is no reason of a condition. */
export const suspendedReason = 'Suspended';

/**
 * The label by which an owner takes a server out: with the value `off` it is neither probed nor
 * written.
 */
export const sweepLabel = 'muster-serverless/sweep';

/**
 * A Kubernetes condition (metav1.Condition). Conditions of other writers have types and reasons of
 * their own.
 */
export type Condition = {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: Date;
  readonly observedGeneration?: number;
};

/** `MCPServer.status`. Times have whole seconds, as Kubernetes writes them. */
export type Status = {
  /** Absent: nobody ever probed it. A word outside `states` was left by another writer. */
  readonly state?: string;
  readonly lastError?: string;
  readonly lastConnected?: Date;
  readonly consecutiveFailures: number;
  readonly lastAttempt?: Date;
  readonly nextRetryAfter?: Date;
  readonly conditions: readonly Condition[];
};

/** `spec.auth`: what the owner of the server declares about sign-in. */
export type Auth = {
  readonly type: 'oauth' | 'none';
  readonly forwardToken: boolean;
  readonly requiredAudiences: readonly string[];
  readonly tokenExchange?: TokenExchange;
  readonly authorizationServer?: { readonly issuer: string; readonly scopes?: string };
};

/** `spec.auth.tokenExchange` (RFC 8693 at a Dex). */
export type TokenExchange = {
  readonly enabled: boolean;
  readonly dexTokenEndpoint?: string;
  readonly expectedIssuer?: string;
  readonly connectorId?: string;
  readonly scopes: string;
  readonly clientCredentialsSecretRef?: {
    readonly name: string;
    readonly namespace?: string;
    readonly clientIdKey: string;
    readonly clientSecretKey: string;
  };
};

/**
 * How people get in without a sign-in of their own: by token exchange (RFC 8693), or with their own
 * token, forwarded.
 */
export type SingleSignOn = 'exchange' | 'forwarding';

/** One MCPServer object. `url` stays text: a URL that cannot be used is a verdict, not an error. */
export type McpServer = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly type: ServerType;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Changes with `headers`; empty without any. Grants remember it instead of the values. */
  readonly headersDigest: string;
  readonly timeoutMs: number;
  readonly autoStart: boolean;
  readonly description?: string;
  readonly toolPrefix?: string;
  readonly auth?: Auth;
  /** `singleSignOnOf(auth)`, computed where the object is read. */
  readonly singleSignOn: SingleSignOn | undefined;
  /** The owner's label takes it out of the sweep. */
  readonly optedOut?: boolean;
  /** `spec.suspended`: its owner stopped it on purpose, so it is neither probed nor written. */
  readonly suspended?: boolean;
  /** Why it is never contacted: a field is longer than any that is carried on. */
  readonly unusable?: string;
  readonly status: Status;
};

/** An MCPServer object that could not be read as one. It costs only itself. */
export type Malformed = {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
};

/** One page of a list. `continue` is there while more pages remain. */
export type Page = {
  readonly servers: readonly McpServer[];
  readonly malformed: readonly Malformed[];
  readonly continue?: string;
};

export const conditionOf = (status: Status, type: ConditionType): Condition | undefined =>
  status.conditions.find((condition) => condition.type === type);

/** From the third failure in a row a server is Failed. */
export const failuresUntilFailed = 3;

/**
 * The sweep's own word for STATE. It follows from the condition and the counter of the sweep,
 * whatever another writer left in `state` and `lastError`. Undefined: no sweep has observed the
 * server yet.
 */
export function ownState(status: Status): State | undefined {
  const reachable = conditionOf(status, 'Reachable');
  if (reachable === undefined || reachable.status === 'Unknown') return undefined;
  if (reachable.status === 'True') return 'Connected';
  return failedReasons.some((reason) => reason === reachable.reason) ||
    status.consecutiveFailures >= failuresUntilFailed
    ? 'Failed'
    : 'Connecting';
}

/** STATE as people see it: the sweep's own word, or that of another writer where there is none. */
export const displayState = (status: Status): string | undefined =>
  ownState(status) ?? status.state;

/** The error text of the sweep, or that of another writer where the sweep has observed nothing. */
export function displayError(status: Status): string | undefined {
  const own = ownState(status);
  if (own === undefined) return status.lastError;
  return own === 'Connected' ? undefined : conditionOf(status, 'Reachable')?.message;
}

/** Whether the server has answered, in the words of the sweep or of giantswarm/muster. */
export const isReachable = (status: Status): boolean =>
  upstreamReachable.has(displayState(status) ?? '');

/**
 * Whether a person has to sign in before using the server: a probe was refused, or `spec.auth` says
 * so. Some servers let everyone look and refuse only the use of a tool, which no probe sees.
 */
export function asksForSignIn({ status, auth }: McpServer): boolean {
  if (conditionOf(status, 'AuthRequired')?.status === 'True') return true;
  return (
    auth !== undefined &&
    (auth.type === 'oauth' || auth.forwardToken || auth.tokenExchange?.enabled === true)
  );
}

/**
 * Who has to have made an exchanged token: `expectedIssuer`, else the token endpoint without
 * `/token`, as upstream has it.
 */
export function exchangeIssuer({ auth }: McpServer): string | undefined {
  const { expectedIssuer, dexTokenEndpoint } = auth?.tokenExchange ?? {};
  return expectedIssuer ?? dexTokenEndpoint?.replace(/\/token$/, '');
}

/** What a person calls a server among all of a cluster: `namespace/name`. */
export const qualifiedName = ({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string => `${namespace}/${name}`;

/**
 * What a person calls each of these servers: its name, or `namespace/name` where two of them share
 * one.
 */
export function namesAmong(
  servers: readonly { readonly namespace: string; readonly name: string }[],
): (server: { readonly namespace: string; readonly name: string }) => string {
  const counts = new Map<string, number>();
  for (const { name } of servers) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (server) => ((counts.get(server.name) ?? 0) > 1 ? qualifiedName(server) : server.name);
}

/** Whether the spec was changed after the last observation. */
export function hasNewSpec(server: McpServer): boolean {
  const observed = conditionOf(server.status, 'Reachable')?.observedGeneration;
  return observed !== undefined && observed < server.generation;
}

/**
 * What one list call brought. Where the cluster no longer knows the `continue` token, it may give
 * another one to go on with.
 */
export type PageResult =
  | {
      readonly kind: 'page';
      readonly page: Page;
      /** So many at a time are small enough: asked for more, the cluster sent too many bytes. */
      readonly smallerLimit?: number;
    }
  | { readonly kind: 'expired'; readonly continue?: string };

/** What came of one status write. */
export type PatchResult =
  | {
      readonly kind: 'written';
      readonly resourceVersion: string;
      /** Why the cluster refused the status before it was written in a shorter form. */
      readonly shortened?: string;
    }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly detail: string };

/** Writes `next` into `/status`, fenced by the `resourceVersion` that `server` was read with. */
export type PatchStatus = (server: McpServer, next: Status) => Promise<PatchResult>;

/** Reads one MCPServer; undefined when there is none of that name. */
export type ReadServer = (namespace: string, name: string) => Promise<McpServer | undefined>;

/** Which single sign-on `spec.auth` declares. Exchange wins over forwarding. */
export function singleSignOnOf(auth: Auth | undefined): SingleSignOn | undefined {
  if (auth?.tokenExchange?.enabled === true) return 'exchange';
  return auth?.forwardToken === true ? 'forwarding' : undefined;
}
