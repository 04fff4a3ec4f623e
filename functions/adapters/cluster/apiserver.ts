/** One connection to a Kubernetes API server: its credentials, one pool, timeouts and retries. */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Circuit } from '../network/circuit.ts';
import { codeOf, isDown, networkCode, refusal } from './refusal.ts';
import {
  type CallHeaders,
  customObjects,
  type CustomObjects,
  type SendCall,
} from './custom-objects.ts';
import {
  type ApiAnswer,
  apiConnection,
  type ApiRequest,
  type Authenticate,
  ConnectionFailed,
} from './api-connection.ts';
import { type Kubeconfig, readKubeconfig, readKubeconfigFile } from './kubeconfig.ts';
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
  /** For requests whose answer is not one of the objects of the API server. */
  readonly send: (request: ApiRequest) => Promise<ApiAnswer>;
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
  connectKubeconfig(
    'The kubeconfig',
    () => readKubeconfig(kubeconfig),
    ({ makesCredentials }) => makesCredentials,
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
  connectKubeconfig(
    `The kubeconfig ${path}`,
    () => readKubeconfigFile(path),
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
  return connect({
    name: 'CLUSTER_URL',
    cluster: { server: url, skipTLSVerify: false },
    authenticate: async () => {
      const had = await source.token();
      if (had.kind === 'none')
        throw new ClusterError({ reason: 'noToken', address: url, message: had.message });
      return { tls: { ca: caPem }, headers: { authorization: `Bearer ${had.token}` } };
    },
    renew: source.drop,
    ...options,
  });
}

/**
 * Parallel calls of one process, and so its HTTP/1.1 connections; the API server's fairness queues
 * what comes faster.
 */
const parallelCalls = 16;

/**
 * A kubeconfig is read again when its credential is refused and it may hold or make another one.
 */
function connectKubeconfig(
  source: string,
  load: () => Kubeconfig,
  mayHaveAnother: (kubeconfig: Kubeconfig) => boolean,
  options: ClusterOptions,
): Cluster {
  let kubeconfig = read(source, load);
  const { cluster, contexts } = kubeconfig;
  if (!cluster) throw new ClusterError({ reason: 'noContext', source, contexts });
  const renew = (): boolean => {
    if (!mayHaveAnother(kubeconfig)) return false;
    kubeconfig = read(source, load);
    return true;
  };
  const authenticate = () => kubeconfig.authenticate();
  return connect({ name: source, cluster, authenticate, renew, ...options });
}

function read(source: string, load: () => Kubeconfig): Kubeconfig {
  try {
    return load();
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
  readonly cluster: NonNullable<Kubeconfig['cluster']>;
  readonly authenticate: Authenticate;
  readonly renew: () => boolean;
};

function connect({
  name: source,
  cluster: { server: address, skipTLSVerify },
  authenticate,
  renew,
  selection = {},
  timeoutMs = 10_000,
  mostBytes = 8 * 1024 * 1024,
}: Way): Cluster {
  const url = URL.parse(address);
  if (url === null) throw new ClusterError({ reason: 'invalidAddress', source, address });
  if (url.protocol === 'http:' && !skipTLSVerify)
    throw new ClusterError({ reason: 'noTls', source });
  const send = apiConnection(url);
  // The time of a call begins when there is a credential: a helper may take long.
  const sendCall: SendCall = async (request) => {
    const credential = await authenticate();
    return send({ ...request, signal: AbortSignal.timeout(timeoutMs) }, credential);
  };
  return {
    address,
    selection,
    api: customObjects(sendCall, mostBytes),
    send: async (request) => send(request, await authenticate()),
    limit: pLimit(parallelCalls),
    timeoutMs,
    refresh: oncePerBurst(renew),
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
      // What had been idle was closed at the other side: nothing is busy there.
      if (error instanceof ConnectionFailed && error.wasIdle && tries === 1) continue;
      await (cluster.wait ?? sleep)(waitMs(error, tries));
    }
  }
}

const passingCodes = new Set<string | number | undefined>([
  429,
  500,
  502,
  503,
  504,
  'ECONNRESET',
  'EPIPE',
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

/** For calls that send a merge patch. */
export const mergePatch: CallHeaders = { 'content-type': 'application/merge-patch+json' };

/** metav1.MicroTime has six digits; a `Date` has three. */
export const microTime = (time: Date): string => time.toISOString().replace('Z', '000Z');
