import { firstLease } from './lease-name.ts';
import { anyPortRedirect } from './loopback-redirect.ts';

export type Setting = {
  /** What it decides, in one sentence. */
  readonly summary: string;
  /** The value when it is not set. A setting without a fallback is required. */
  readonly fallback?: string;
};

/** Every setting of the functions; `docs/` prints this table. */
export const settings = {
  ACCESS_GROUPS_CLAIM: {
    summary:
      'Claim with the groups of a person, for ACCESS_REVIEW (--oidc-groups-claim of the API server).',
    fallback: 'groups',
  },
  ACCESS_GROUPS_PREFIX: {
    summary: 'Prefix added to each group name, for ACCESS_REVIEW (--oidc-groups-prefix).',
    fallback: '',
  },
  ACCESS_REVIEW: {
    summary:
      'on: a person sees only the MCPServers of namespaces where the cluster lets them get mcpservers. off: anyone who is signed in sees every MCPServer.',
    fallback: 'off',
  },
  ACCESS_USERNAME_CLAIM: {
    summary:
      'Claim with the user name of a person, for ACCESS_REVIEW (--oidc-username-claim). email counts only with email_verified: true.',
    fallback: 'sub',
  },
  ACCESS_USERNAME_PREFIX: {
    summary:
      'Prefix added to the user name, for ACCESS_REVIEW (--oidc-username-prefix). Without it the prefix is ISSUER#, or none if the claim is email. - means no prefix.',
    fallback: '',
  },
  ANONYMOUS_LIST: {
    summary:
      'on: the list is also answered without a token. It then has no sessions, URLs and error texts.',
    fallback: 'off',
  },
  AUDIENCE_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose MCPServers may add their requiredAudiences to the sign-in of everyone, up to 20 in all. Without it no audience is requested.',
    fallback: '',
  },
  AUDIENCE_SCOPE: {
    summary:
      'Prefix of the scope that requests an audience from the issuer (requiredAudiences). The default is the prefix that Dex uses.',
    fallback: 'audience:server:client_id:',
  },
  AWS_ACCESS_KEY_ID: {
    summary:
      'Credential that signs the token for EKS_CLUSTER and reads the secrets at SECRETS_PATH. Lambda sets it.',
    fallback: '',
  },
  AWS_ENDPOINT_URL: {
    summary: 'Address of a local AWS, for development: all services at one address.',
    fallback: '',
  },
  AWS_ENDPOINT_URL_DYNAMODB: {
    summary: 'Address of a local DynamoDB, for development.',
    fallback: '',
  },
  AWS_ENDPOINT_URL_EVENTBRIDGE: {
    summary: 'Address of a local EventBridge, for development.',
    fallback: '',
  },
  AWS_ENDPOINT_URL_SSM: {
    summary: 'Address of a local Parameter Store, for development.',
    fallback: '',
  },
  AWS_REGION: {
    summary:
      'Region that the token for EKS_CLUSTER is signed for, and of the secrets at SECRETS_PATH. Lambda sets it.',
    fallback: '',
  },
  AWS_SECRET_ACCESS_KEY: {
    summary: 'Secret that belongs to AWS_ACCESS_KEY_ID. Lambda sets it.',
    fallback: '',
  },
  AWS_SESSION_TOKEN: {
    summary: 'Session token that belongs to AWS_ACCESS_KEY_ID. Lambda sets it.',
    fallback: '',
  },
  BEARER_AUDIENCE: {
    summary:
      'Audience of JWT access tokens (RFC 9068): the URL of the endpoint, or an address below it. If it is set, the endpoint accepts these instead of ID tokens, and forwards no token of a person.',
    fallback: '',
  },
  BUS_NAME: {
    summary: 'Name of the EventBridge bus that carries page messages and state changes.',
  },
  CLUSTER_CA: {
    summary:
      'Certificate authority of the API server at CLUSTER_URL, as PEM or as PEM encoded in base64.',
    fallback: '',
  },
  CLUSTER_DOMAIN: {
    summary:
      'Domain of the cluster, by which in-cluster names in spec.url are recognized (--cluster-domain of the kubelet).',
    fallback: 'cluster.local',
  },
  CLUSTER_TOKEN: {
    summary: 'Token of a service account, for CLUSTER_URL. It is a secret.',
    fallback: '',
  },
  CLUSTER_TOKEN_FILE: {
    summary:
      'File with the token of a service account, for CLUSTER_URL. It is read again every minute and when the API server refuses the token.',
    fallback: '',
  },
  CLUSTER_URL: { summary: 'Address of the API server, instead of a kubeconfig.', fallback: '' },
  CONTENDED_STATE: {
    summary:
      'How the sweep writes status.state while another writer sets it to its own value. yield: when its own verdict changes, and once an hour. assert: with each failing attempt and each other write.',
    fallback: 'yield',
  },
  DNS_SERVERS: {
    summary:
      'Comma-separated resolvers (address or address:port) to use instead of those of the machine.',
    fallback: '',
  },
  EKS_CLUSTER: {
    summary:
      'Name of the EKS cluster at CLUSTER_URL. The function signs the token with its own role.',
    fallback: '',
  },
  EXCHANGE_ISSUERS: {
    summary:
      'Comma-separated issuers that may exchange the tokens of people (spec.auth.tokenExchange). The token endpoint must be below the address of the issuer.',
    fallback: '',
  },
  EXTRA_CA: {
    summary:
      'Certificate authorities to trust in addition to the public ones, as PEM or as PEM encoded in base64. For functions without files of their own, such as those on AWS.',
    fallback: '',
  },
  EXTRA_CA_FILE: {
    summary:
      'PEM file with certificate authorities to trust in addition to the public ones and to EXTRA_CA.',
    fallback: '',
  },
  FORWARD_HOSTS: {
    summary:
      'Comma-separated hosts that may receive forwarded or exchanged tokens of people: mcp.example.com, *.example.com, host:8443.',
    fallback: '',
  },
  GUARD: {
    summary:
      'off: loopback and private addresses may be contacted. Cloud metadata services are always blocked.',
    fallback: 'on',
  },
  GUARD_ALLOW: {
    summary: 'Comma-separated CIDR ranges that may be contacted in addition to public addresses.',
    fallback: '',
  },
  HEARTBEAT_SECONDS: {
    summary:
      'How often the status of an unchanged server is written, so that a stale status can be recognized.',
    fallback: '300',
  },
  HTTPS_PROXY: {
    summary:
      'Proxy through which https servers and issuers are contacted: `http://host:port`, with user:password@ where it asks for them. The functions look names up themselves and ask it for addresses (CONNECT).',
    fallback: '',
  },
  HTTP_PROXY: {
    summary: 'The same for http servers and issuers. It must allow CONNECT to their ports.',
    fallback: '',
  },
  ISSUERS: {
    summary:
      'What the metadata of an issuer of MCP servers does not say: a JSON list of {"issuer", "noPkceList", "parameters", "scopes", "noResource", "exchange"} (docs/deploy.md).',
    fallback: '[]',
  },
  KUBECONFIG: { summary: 'Path of the kubeconfig of the cluster.', fallback: '' },
  KUBECONFIG_YAML: { summary: 'The kubeconfig itself, instead of a path.', fallback: '' },
  LABEL_SELECTOR: {
    summary: 'Only MCPServers with these labels are swept and listed.',
    fallback: '',
  },
  LEASE_NAME: {
    summary:
      'Name of that Lease. Two deployments in one cluster need two names; on AWS a stage other than production has its name in it.',
    fallback: firstLease,
  },
  LEASE_NAMESPACE: {
    summary: 'Namespace of the Lease that every sweep renews.',
    fallback: 'muster-serverless',
  },
  LIST_SHARED_SECONDS: {
    summary:
      'How long the endpoint gives what the cluster listed to other callers of the same page. A list is at most that old, and 0 reads the cluster for each. Sessions and access are always read for each request.',
    fallback: '1',
  },
  LIVE_PAGE: {
    summary:
      'on: people may sign in on the live page at PUBLIC_URL/live/. Something has to serve the site at the address of the endpoint. The issuer needs that address as one more redirect address of the client.',
    fallback: 'off',
  },
  METRICS_NAMESPACE: {
    summary:
      'Namespace of the CloudWatch metrics that the functions write to their log. Without it there are no metrics.',
    fallback: '',
  },
  NAMESPACE: { summary: 'Only MCPServers of this namespace are swept and listed.', fallback: '' },
  NO_PROXY: {
    summary:
      'Comma-separated hosts that are contacted without the proxy: example.com (and everything below it), host:port, an address, a CIDR range, or *.',
    fallback: '',
  },
  OAUTH_CLIENTS: {
    summary:
      'Clients that were registered manually at issuers of MCP servers: a JSON list of {"issuer", "id", "secret"}. Each issuer has its own callback URL (docs/registered-clients.md). It is a secret.',
    fallback: '[]',
  },
  OIDC_CLIENT_ID: {
    summary:
      'Client id of the muster command line at the issuer. It is also the audience of ID tokens.',
  },
  OIDC_ISSUER: {
    summary: 'Issuer whose ID tokens the endpoint accepts. Its address must use https.',
  },
  OIDC_PARAMETERS: {
    summary:
      'Parameters that the command line adds to the sign-in, in the form of a query: access_type=offline&prompt=consent.',
    fallback: '',
  },
  OIDC_PUBLIC_CLIENT_SECRET: {
    summary:
      'Client secret that a desktop client needs at an issuer without public clients (Google). It is no secret: anyone can read it at /v1/config. Never set the secret of a web client.',
    fallback: '',
  },
  OIDC_REDIRECT: {
    summary:
      'Address that the browser returns to after the sign-in, as it is registered at the issuer: http, then 127.0.0.1, localhost or [::1], a port, a path. Without a port, any free port is used.',
    fallback: anyPortRedirect,
  },
  OIDC_SCOPES: {
    summary:
      'Scopes that the command line requests at sign-in. A scope with ? at its end is requested only if the issuer lists it in scopes_supported.',
    fallback: 'openid profile email offline_access? groups?',
  },
  PAGE_SIZE: {
    summary: 'MCPServers on one page. Each page is probed by its own invocation.',
    fallback: '500',
  },
  PROBE_CONCURRENCY: {
    summary:
      'Probes that one invocation runs at the same time. Keep it below 480: a server that hangs takes two of the 1,024 file descriptors of Lambda.',
    fallback: '400',
  },
  PROBER_CHECK_URL: {
    summary:
      'Address that the sweep connects to when it suspects its own network. Without it, the issuer is used.',
    fallback: '',
  },
  PUBLIC_URL: { summary: 'Address at which people and issuers reach the endpoint.' },
  RELEASE_HOSTS: {
    summary:
      'Comma-separated hosts of MCP servers whose access tokens are released, for RELEASE_TOKENS: mcp.example.com, *.example.com, host:8443. Without it, those of every server with a session.',
    fallback: '',
  },
  RELEASE_TOKENS: {
    summary:
      "on: a person's own machine may have the access tokens of the person's own sessions, for muster connect and muster auth token. Refresh tokens are never released.",
    fallback: 'off',
  },
  SECRET_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose Secrets any MCPServer may use. Secrets of other namespaces are available only to MCPServers of the same namespace.',
    fallback: '',
  },
  SECRETS_PATH: {
    summary:
      'Path of the parameters Kubeconfig, OauthClients and TokenKeys in the Parameter Store of AWS. They replace KUBECONFIG_YAML, OAUTH_CLIENTS and TOKEN_KEYS, and are read again every 5 minutes.',
    fallback: '',
  },
  SERVICE_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose Services any MCPServer may name, for SERVICE_PROXY. Services of other namespaces are probed only for MCPServers of the same namespace.',
    fallback: '',
  },
  SERVICE_PROXY: {
    summary:
      'on: MCPServers whose spec.url names a Service inside the cluster are probed through the API server. It needs the rights of manifests/services.',
    fallback: 'off',
  },
  SITE_URL: {
    summary:
      'Address of the site with these docs. muster check and Events then name the page about each reason.',
    fallback: '',
  },
  TABLE_NAME: {
    summary:
      'Name of the DynamoDB table with the grants, the outbox and the last changes. A sweep without it has no outbox and keeps no changes.',
  },
  TICK_SECONDS: { summary: 'Time between two sweeps.', fallback: '60' },
  TOKEN_KEYS: {
    summary:
      'Keys that seal tokens in the table: comma-separated id:base64url of 32 bytes. The first key seals, and every key opens.',
  },
} as const satisfies Record<string, Setting>;
export type SettingName = keyof typeof settings;
