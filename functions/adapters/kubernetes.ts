/** The Kubernetes API server: lists and reads MCPServers, writes their status. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  ApiException,
  createConfiguration,
  CustomObjectsApi,
  KubeConfig,
  Observable,
  type ObservableMiddleware,
  PatchStrategy,
  ServerConfiguration,
  setHeaderMiddleware,
  setHeaderOptions,
} from '@kubernetes/client-node';
import pLimit, { type LimitFunction } from 'p-limit';
import * as z from 'zod/mini';
import type { PatchStatus, ReadServer } from '../reachability/round.ts';
import type { Page } from '../server.ts';
import { readItem, statusPatch } from './mcpserver.ts';

/** Which MCPServers are ours. Without namespace: of all namespaces. */
type Selection = { readonly namespace?: string; readonly labelSelector?: string };

export type ClusterOptions = {
  readonly selection?: Selection;
  /** For each call, from sending it to the end of its answer. Default 10 s. */
  readonly timeoutMs?: number;
};

/** A connection to one API server. */
export type Cluster = {
  /** Of the API server, for messages. */
  readonly address: string;
  readonly selection: Selection;
  readonly api: CustomObjectsApi;
  readonly limit: LimitFunction;
  readonly timeoutMs: number;
};

/** What one list call brought. An expired list goes on with the other `continue`, where there is one. */
type Listed = { readonly kind: 'page'; readonly page: Page } | { readonly kind: 'expired'; readonly continue?: string };

type ListPage = (request: { readonly limit: number; readonly continue?: string }) => Promise<Listed>;

/**
 * The cluster cannot be used; the message is one line that names it, what happened and what to do.
 * It has nothing that the API server said, and no cause: that would carry bodies and headers into logs.
 */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

/** Connects by the YAML of a kubeconfig. Sends nothing yet. Throws `ClusterError` where the kubeconfig names no cluster. */
export const connectCluster = ({ kubeconfig, ...options }: ClusterOptions & { readonly kubeconfig: string }): Cluster =>
  connect('The kubeconfig', (config) => config.loadFromString(kubeconfig), options);

/** The same by the path of a kubeconfig, whose own relative paths start in its folder. Throws `ClusterError`. */
export const connectClusterFile = ({ path, ...options }: ClusterOptions & { readonly path: string }): Cluster =>
  connect(`The kubeconfig ${path}`, (config) => config.loadFromFile(path), options);

/** Gives the function that lists one page. It throws `ClusterError`, above all where the CRD is not installed. */
export function pageLister(cluster: Cluster): ListPage {
  const { namespace, labelSelector } = cluster.selection;
  return async ({ limit, continue: token }) => {
    const request = { ...resource, limit, ...(token ? { _continue: token } : {}), ...(labelSelector ? { labelSelector } : {}) };
    try {
      const answer = await call(cluster, () =>
        namespace ? cluster.api.listNamespacedCustomObject({ ...request, namespace }) : cluster.api.listClusterCustomObject(request),
      );
      return { kind: 'page', page: readPage(cluster, answer) };
    } catch (error) {
      if (refusal(error)?.code === 410) return { kind: 'expired', ...statusOf(error).metadata };
      throw explain(cluster, 'list mcpservers', error);
    }
  };
}

/** Gives the function that reads one MCPServer. It throws `ClusterError`. */
export function serverReader(cluster: Cluster): ReadServer {
  return async (namespace, name) => {
    try {
      const item = readItem(await call(cluster, () => cluster.api.getNamespacedCustomObject({ ...resource, namespace, name })));
      if (item.kind === 'server') return item.server;
      throw new ClusterError(`MCPServer ${namespace}/${name} cannot be read: ${item.malformed.problem}. Correct the object.`);
    } catch (error) {
      if (refusal(error)?.code === 404) return undefined;
      throw explain(cluster, 'get mcpservers', error);
    }
  };
}

/** Gives the function that writes a status. It never throws for what the API server or the network does: that is `refused`. */
export function statusPatcher(cluster: Cluster): PatchStatus {
  // The client's own default is JSON patch.
  const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  return async ({ namespace, name, resourceVersion }, next) => {
    const body = { metadata: { resourceVersion }, status: statusPatch(next) };
    const request = { ...resource, namespace, name, body, fieldManager: 'muster-serverless' };
    try {
      const answer = await call(cluster, () => cluster.api.patchNamespacedCustomObjectStatus(request, mergePatch));
      const written = writtenSchema.safeParse(answer);
      if (!written.success) return { kind: 'refused', detail: `The API server ${cluster.address} answered no object.` };
      return { kind: 'written', resourceVersion: written.data.metadata.resourceVersion };
    } catch (error) {
      switch (refusal(error)?.code ?? 0) {
        case 404:
          return { kind: 'gone' };
        case 409:
          return { kind: 'conflict' };
        case 422:
          return { kind: 'refused', detail: `HTTP 422: ${causesOf(error)}` };
        default:
          return { kind: 'refused', detail: explain(cluster, 'patch mcpservers/status', error).message };
      }
    }
  };
}

const resource = { group: 'muster.giantswarm.io', version: 'v1alpha1', plural: 'mcpservers' } as const;

/** Parallel calls of one process, and so its HTTP/1.1 connections; the API server's fairness queues what comes faster. */
const parallelCalls = 16;

function connect(what: string, load: (config: KubeConfig) => void, { selection = {}, timeoutMs = 10_000 }: ClusterOptions): Cluster {
  const config = new KubeConfig();
  try {
    load(config);
  } catch (error) {
    // Neither as text nor as cause: the reason may quote the file, and the file holds secrets.
    const code = codeOf(error);
    if (code) throw new ClusterError(`${what} cannot be read (${code}). Set KUBECONFIG to a readable file.`);
    throw new ClusterError(`${what} is not valid. Give it the YAML that kubectl config view --raw prints.`);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new ClusterError(`${what} has no current context that names a cluster. Run: kubectl config use-context NAME`);
  }
  if (!URL.canParse(cluster.server)) throw new ClusterError(`${what} has "${cluster.server}" as server. Give it an https URL.`);
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw new ClusterError(`${what} has a server without TLS. Give it an https URL, or say insecure-skip-tls-verify: true.`);
  }
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: config },
    middleware: [setHeaderMiddleware('User-Agent', 'muster-serverless'), pooled(timeoutMs)],
  });
  return { address: cluster.server, selection, api: new CustomObjectsApi(configuration), limit: pLimit(parallelCalls), timeoutMs };
}

/**
 * One connection pool for all calls, and a timeout for each.
 * client-node makes a new pool for every request and never closes it (kubernetes-client/javascript#2893).
 */
function pooled(timeoutMs: number): ObservableMiddleware {
  const first: { dispatcher?: NonNullable<ReturnType<RequestContext['getDispatcher']>> } = {};
  return {
    pre: (context) => {
      const own = context.getDispatcher();
      if (own) context.setDispatcher((first.dispatcher ??= own));
      context.setSignal(AbortSignal.timeout(timeoutMs));
      return new Observable(Promise.resolve(context));
    },
    post: (context) => new Observable(Promise.resolve(context)),
  };
}

type RequestContext = Parameters<ObservableMiddleware['pre']>[0];

const maxTries = 4;
const longestWaitMs = 5_000;

/** Makes one call, and makes it again where the API server is busy or an idle connection was cut. A second patch is harmless: it is fenced. */
async function call(cluster: Cluster, send: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await cluster.limit(send);
    } catch (error) {
      if (tries === maxTries || !isPassing(error)) throw error;
      await wait(waitMs(error, tries));
    }
  }
}

const passingCodes = new Set<string | number | undefined>([429, 500, 502, 503, 504, 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const isPassing = (error: unknown): boolean => passingCodes.has(refusal(error)?.code ?? networkCode(error));

/** Retry-After (RFC 9110 section 10.2.3; the API server sends seconds) or doubling from 100 ms, with jitter so that runners spread. */
function waitMs(error: unknown, tries: number): number {
  const seconds = Number(refusal(error)?.headers['retry-after']);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : 50 * 2 ** tries;
  return Math.min(asked, longestWaitMs) + Math.random() * 100 * tries;
}

/** An answer that is not 2xx. Its body is text: JSON of a metav1.Status, or anything. */
const refusal = (error: unknown): ApiException<unknown> | undefined => (error instanceof ApiException ? error : undefined);

const networkCode = (error: unknown): string | undefined => (error instanceof TypeError ? codeOf(error.cause) : undefined);

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What went wrong with a call, in one line. Rethrows what it cannot name. */
function explain(cluster: Cluster, doing: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const server = `The API server ${cluster.address}`;
  const said = (message: string): ClusterError => new ClusterError(message);
  const answered = refusal(error);
  if (answered) {
    switch (answered.code) {
      case 401:
        return said(`${server} does not accept our credentials (401). Give the kubeconfig a token or certificate that is valid.`);
      case 403:
        return said(`${server} does not let us ${doing} (403). Run: kubectl apply -k manifests, and bind ClusterRole muster-sweep to us.`);
      case 404:
        return said(`${server} does not serve mcpservers of muster.giantswarm.io/v1alpha1 (404). Run: kubectl apply -k manifests`);
      case 400:
        return said(`${server} does not understand our request to ${doing} (400). Check LABEL_SELECTOR and NAMESPACE.`);
      default:
        return said(`${server} answered ${answered.code} to ${doing}. Look into its log; the next sweep tries again.`);
    }
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return said(`${server} did not answer within ${cluster.timeoutMs / 1000} s. Check that the network lets us through to it.`);
  }
  const code = networkCode(error) ?? codeOf(error);
  if (code === 'ECONNREFUSED')
    return said(`${server} refused the connection. Check that it runs and that the kubeconfig names its address.`);
  if (code) return said(`${server} could not be reached (${code}). Check the address and the certificate authority in the kubeconfig.`);
  throw error;
}

const pageSchema = z.object({ metadata: z.object({ continue: z.optional(z.string()) }), items: z.array(z.unknown()) });
const writtenSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function readPage(cluster: Cluster, answer: unknown): Page {
  const list = pageSchema.safeParse(answer);
  if (!list.success) throw new ClusterError(`The API server ${cluster.address} answered no list. Check the address in the kubeconfig.`);
  const items = list.data.items.map(readItem);
  const next = list.data.metadata.continue;
  return {
    servers: items.flatMap((item) => (item.kind === 'server' ? [item.server] : [])),
    malformed: items.flatMap((item) => (item.kind === 'malformed' ? [item.malformed] : [])),
    ...(next ? { continue: next } : {}),
  };
}

/** The parts of a metav1.Status that are read. */
const statusSchema = z.object({
  metadata: z._default(z.object({ continue: z.exactOptional(z.string()) }), {}),
  details: z._default(z.object({ causes: z._default(z.array(z.object({ reason: z.string(), field: z.string() })), []) }), { causes: [] }),
});

function statusOf(error: unknown): z.infer<typeof statusSchema> {
  const none = { metadata: {}, details: { causes: [] } };
  const body = refusal(error)?.body;
  if (typeof body !== 'string') return none;
  try {
    return statusSchema.safeParse(JSON.parse(body)).data ?? none;
  } catch (unreadable) {
    if (unreadable instanceof SyntaxError) return none;
    throw unreadable;
  }
}

/** Fields and reasons only: the messages quote values. */
const causesOf = (error: unknown): string =>
  statusOf(error)
    .details.causes.map(({ field, reason }) => `${field} ${reason}`)
    .join(', ') || 'no cause named';
