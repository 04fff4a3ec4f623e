/** One connection to a Kubernetes API server: its credentials, one pool, timeouts and retries. */
import { setTimeout as sleep } from 'node:timers/promises';
// By their files: the package's own entry brings models of all Kubernetes kinds along, which are
// half of a cold start.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { SecurityAuthentication } from '@kubernetes/client-node/dist/gen/auth/auth.js';
import { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
import type { Middleware as ObservableMiddleware } from '@kubernetes/client-node/dist/gen/middleware.js';
import { Observable } from '@kubernetes/client-node/dist/gen/rxjsStub.js';
import { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
import { setHeaderMiddleware, setHeaderOptions } from '@kubernetes/client-node/dist/middleware.js';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Circuit } from '../network/circuit.ts';
import { codeOf, isDown, networkCode, refusal } from './refusal.ts';
import { customObjects, type CustomObjects } from './custom-objects.ts';
import { rawRequests, type SendRaw } from './raw-requests.ts';
import { ClusterError } from '../../model/cluster-error.ts';

/** Which MCPServers are ours. Without namespace: of all namespaces. */
type Selection = { readonly namespace?: string; readonly labelSelector?: string };

export type ClusterOptions = {
  readonly selection?: Selection;
  /** For each call, from sending it to the end of its answer. Default 10 s. */
  readonly timeoutMs?: number;
  /** The longest answer that is read. Default 8 MiB, which is 16 KiB for each of 500 objects. */
  readonly mostBytes?: number;
};

/** A connection to one API server. */
export type Cluster = {
  /** Of the API server, for messages. */
  readonly address: string;
  readonly selection: Selection;
  readonly api: CustomObjects;
  readonly sendRaw: SendRaw;
  readonly limit: LimitFunction;
  readonly timeoutMs: number;
  /** Forgets the credential that was refused. False: there is no other one. */
  readonly refresh: () => boolean;
  /** Pauses calls while the API server is down. Without it every call is made. */
  readonly circuit?: Circuit;
  /** Waits before a call is repeated. Default: so many milliseconds of this machine. */
  readonly wait?: (ms: number) => Promise<void>;
};

/** A token that changes over time: a projected service-account token, or one made by signing. */
export type TokenSource = {
  readonly token: () => Promise<
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'none'; readonly message: string }
  >;
  /** Forgets the token it last gave. False: there is no other one. */
  readonly drop: () => boolean;
};

/**
 * Connects by the YAML of a kubeconfig. Sends nothing yet. Throws `ClusterError` where the
 * kubeconfig names no cluster.
 */
export const connectCluster = ({
  kubeconfig,
  ...options
}: ClusterOptions & { readonly kubeconfig: string }): Cluster =>
  connectConfig(
    'The kubeconfig',
    (config) => config.loadFromString(kubeconfig),
    (config) => hasHelper(config),
    options,
  );

/**
 * The same by the path of a kubeconfig, whose own relative paths start in its folder. Throws
 * `ClusterError`.
 */
export const connectClusterFile = ({
  path,
  ...options
}: ClusterOptions & { readonly path: string }): Cluster =>
  connectConfig(
    `The kubeconfig ${path}`,
    (config) => config.loadFromFile(path),
    () => true,
    options,
  );

/**
 * The same by address, certificate authority and token: of a service account, or signed for EKS.
 * Throws `ClusterError`.
 */
export function connectClusterToken(
  options: ClusterOptions & {
    readonly url: string;
    readonly caPem: string;
    readonly source: TokenSource;
  },
): Cluster {
  const { url, caPem, source } = options;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server: url,
      caData: Buffer.from(caPem).toString('base64'),
      skipTLSVerify: false,
    },
    { name: 'bearer' },
  );
  const authentication: SecurityAuthentication = {
    getName: () => 'bearer',
    applySecurityAuthentication: async (context) => {
      const had = await source.token();
      if (had.kind === 'none')
        throw new ClusterError({ reason: 'noToken', address: url, message: had.message });
      await config.applySecurityAuthentication(context);
      context.setHeaderParam('Authorization', `Bearer ${had.token}`);
    },
  };
  return connect({
    name: 'CLUSTER_URL',
    config,
    authentication: () => authentication,
    renew: source.drop,
    ...options,
  });
}

/**
 * Parallel calls of one process, and so its HTTP/1.1 connections; the API server's fairness queues
 * what comes faster.
 */
const parallelCalls = 16;

type Load = (config: KubeConfig) => void;

/**
 * A kubeconfig is read again when its credential is refused and it may hold or make another one.
 */
function connectConfig(
  source: string,
  load: Load,
  mayHaveAnother: (config: KubeConfig) => boolean,
  options: ClusterOptions,
): Cluster {
  let config = readConfig(source, load);
  const renew = (): boolean => {
    if (!mayHaveAnother(config)) return false;
    config = readConfig(source, load);
    return true;
  };
  return connect({ name: source, config, authentication: () => config, renew, ...options });
}

/** Exec plugins and auth providers make new tokens. */
const hasHelper = (config: KubeConfig): boolean => {
  const user = config.getCurrentUser();
  return user?.exec !== undefined || user?.authProvider !== undefined;
};

function readConfig(source: string, load: Load): KubeConfig {
  const config = new KubeConfig();
  try {
    load(config);
    return config;
  } catch (error) {
    // Only the code: the message and the cause may quote the file, which holds secrets.
    const code = codeOf(error);
    if (code) throw new ClusterError({ reason: 'unreadableKubeconfig', source, code });
    throw new ClusterError({ reason: 'invalidKubeconfig', source });
  }
}

type Way = ClusterOptions & {
  /** Of the kubeconfig or setting, for messages. */
  readonly name: string;
  readonly config: KubeConfig;
  readonly authentication: () => SecurityAuthentication;
  readonly renew: () => boolean;
};

function connect({
  name: source,
  config,
  authentication,
  renew,
  selection = {},
  timeoutMs = 10_000,
  mostBytes = 8 * 1024 * 1024,
}: Way): Cluster {
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    const contexts = config.getContexts().map(({ name }) => name);
    throw new ClusterError({ reason: 'noContext', source, contexts });
  }
  if (!URL.canParse(cluster.server))
    throw new ClusterError({ reason: 'invalidAddress', source, address: cluster.server });
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify)
    throw new ClusterError({ reason: 'noTls', source });
  const pool = pooled(timeoutMs);
  const present: SecurityAuthentication = {
    getName: () => 'present',
    applySecurityAuthentication: (context) => authentication().applySecurityAuthentication(context),
  };
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: present },
    middleware: [setHeaderMiddleware('User-Agent', 'muster-serverless'), pool.middleware],
  });
  return {
    address: cluster.server,
    selection,
    api: customObjects(configuration, mostBytes),
    sendRaw: rawRequests(configuration),
    limit: pLimit(parallelCalls),
    timeoutMs,
    refresh: oncePerBurst(() => {
      const renewed = renew();
      // A pool holds the client certificate of its connections.
      if (renewed) pool.forget();
      return renewed;
    }),
  };
}

const burstMs = 1000;

/** Parallel calls are refused together; only the first of them renews. */
function oncePerBurst(renew: () => boolean): () => boolean {
  let last = { at: -Infinity, renewed: false };
  return () => {
    if (performance.now() - last.at >= burstMs) last = { at: performance.now(), renewed: renew() };
    return last.renewed;
  };
}

/**
 * One connection pool for all calls, and a timeout for each. client-node makes a new pool for every
 * request and never closes it (kubernetes-client/javascript#2893).
 */
function pooled(timeoutMs: number): {
  readonly middleware: ObservableMiddleware;
  readonly forget: () => void;
} {
  let shared: ReturnType<RequestContext['getDispatcher']>;
  const middleware: ObservableMiddleware = {
    pre: (context) => {
      const own = context.getDispatcher();
      if (own) context.setDispatcher((shared ??= own));
      context.setSignal(AbortSignal.timeout(timeoutMs));
      return new Observable(Promise.resolve(context));
    },
    post: (context) => new Observable(Promise.resolve(context)),
  };
  const forget = (): void => {
    const old = shared;
    shared = undefined;
    // Not before its last call has ended: undici cuts HTTP/2 streams when it closes.
    setTimeout(() => void old?.close(), timeoutMs).unref();
  };
  return { middleware, forget };
}

type RequestContext = Parameters<ObservableMiddleware['pre']>[0];

const maxTries = 4;
const longestWaitMs = 5_000;

/**
 * Makes one call, and repeats it when the API server is busy, an idle connection was cut, or a
 * credential was refused for which there may be a newer one. A second patch is harmless: it is
 * fenced.
 */
export const call = (cluster: Cluster, send: () => Promise<unknown>): Promise<unknown> =>
  cluster.circuit === undefined
    ? persist(cluster, send)
    : cluster.circuit(() => persist(cluster, send), isDown);

async function persist(cluster: Cluster, send: () => Promise<unknown>): Promise<unknown> {
  let hasRefreshed = false;
  for (let tries = 1; ; tries += 1) {
    try {
      return await cluster.limit(send);
    } catch (error) {
      if (refusal(error)?.code === 401 && !hasRefreshed && cluster.refresh()) {
        hasRefreshed = true;
        continue;
      }
      if (tries === maxTries || !isPassing(error)) throw error;
      await (cluster.wait ?? sleep)(waitMs(error, tries));
    }
  }
}

// undici's code for an HTTP/2 connection that the server ended (GOAWAY), as API servers do when
// they restart.
const goAway = 'UND_ERR_INFO';

const passingCodes = new Set<string | number | undefined>([
  429,
  500,
  502,
  503,
  504,
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  goAway,
]);

const isPassing = (error: unknown): boolean =>
  passingCodes.has(refusal(error)?.code ?? networkCode(error));

/**
 * Retry-After (RFC 9110 section 10.2.3; the API server sends seconds) or doubling from 100 ms, with
 * jitter that spreads the runners.
 */
function waitMs(error: unknown, tries: number): number {
  const seconds = Number(refusal(error)?.headers['retry-after']);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : 50 * 2 ** tries;
  return Math.min(asked, longestWaitMs) + Math.random() * 100 * tries;
}

/** For calls that send a merge patch: the client's own default is JSON patch. */
export const mergePatch = setHeaderOptions('Content-Type', 'application/merge-patch+json');

/** metav1.MicroTime has six digits; a `Date` has three. */
export const microTime = (time: Date): string => time.toISOString().replace('Z', '000Z');
