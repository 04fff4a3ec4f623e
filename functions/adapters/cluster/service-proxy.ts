/**
 * The way to a Service inside the cluster: the API server's service proxy (kube-apiserver,
 * `services/proxy`). It takes off `Authorization`, does not verify certificates, and answers a
 * metav1.Status where it did not reach the backend.
 */
import * as z from 'zod/mini';
import { ClusterError } from '../../model/cluster-error.ts';
import { parseJson } from '../../model/json.ts';
import { oneLine } from '../../model/outside-text.ts';
import { isPlainPath, type ServiceAddress } from '../../model/service-name.ts';
import { boundedBody } from '../network/bounded-body.ts';
import { NameFailure } from '../network/connect.ts';
import { RefusedByPolicy } from '../network/guard.ts';
import type { ProbeRequest, ProbeResponse, Via } from '../network/http-exchange.ts';
import { ProberError } from '../network/prober-error.ts';
import type { ApiAnswer } from './api-connection.ts';
import { call, type Cluster } from './apiserver.ts';
import { clusterErrorFor } from './refusal.ts';

/**
 * Gives the exchange with one Service, to use in place of a connection. A missing Service is a
 * `NameFailure`, as its name would be inside the cluster. It throws `ProberError` for what the API
 * server itself refuses or cannot do, and the reason of an abort. `remark` gets the sentence of the
 * API server about a backend that it did not reach.
 */
export const serviceProxy =
  (cluster: Cluster, service: ServiceAddress, remark: (text: string) => void = () => {}): Via =>
  async (request, signal, enter) => {
    const { url, method } = request;
    // A redirect of the server may lead to another path of it.
    if (!isPlainPath(url.href))
      throw new RefusedByPolicy('the path of a redirect is not sent through the API server');
    enter('headers');
    const proxy = proxyPath(service, url);
    const path = `${proxy}${url.pathname}${url.search}`;
    const answer = await send(cluster, { ...request, path }, signal);
    const response = await read(answer, request);
    const status = statusIn(response);
    if (status === undefined) return { ...response, headers: mapped(response, proxy, request) };
    switch (status.code) {
      // The page was just listed with the same credentials, so it is not about them.
      case 401:
        return response;
      case 403:
        if (await isAllowed(cluster, service, method)) return response;
        throw new ProberError(forbidden(cluster, service, method));
      case 404:
        if (status.details.kind === 'services' && status.details.name === service.name)
          throw new NameFailure(url.hostname, {
            kind: 'notFound',
            detail: `the namespace ${service.namespace} has no Service ${service.name}, or no Endpoints for it`,
          });
        return response;
      // "address not allowed": the Service has an endpoint that no API server connects to.
      case 400:
        if (!status.message.includes('address not allowed')) return response;
        remark(oneLine(status.message, longestRemark));
        return { ...response, status: 503 };
      case 503:
        remark(oneLine(status.message, longestRemark));
        return response;
      case 429:
      case 500:
      case 504:
        throw new ProberError(
          new ClusterError({
            reason: 'unexpectedStatus',
            address: cluster.address,
            action: `${verbOf[method]} services/proxy`,
            status: status.code,
          }).message,
        );
      default:
        return response;
    }
  };

const longestRemark = 300;

/** Its parts are names of Kubernetes and a number: none needs an escape. */
const proxyPath = ({ namespace, name }: ServiceAddress, { protocol, port }: URL): string => {
  const secure = protocol === 'https:';
  return `/api/v1/namespaces/${namespace}/services/${secure ? 'https:' : ''}${name}:${port || (secure ? 443 : 80)}/proxy`;
};

async function send(
  cluster: Cluster,
  { method, path, headers, body }: ProbeRequest & { readonly path: string },
  signal: AbortSignal,
): Promise<ApiAnswer> {
  try {
    const sent = { method, path, headers: withoutOrders(headers), signal };
    return await cluster.send(body === undefined ? sent : { ...sent, body });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ProberError(
      clusterErrorFor(cluster, `${verbOf[method]} services/proxy`, error, rights).message,
    );
  }
}

/**
 * The headers that the server may get. Those that the API server itself obeys would act with the
 * credentials of the sweep: they tell it who is asking, or for whom, and which virtual host is
 * meant.
 */
const withoutOrders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !orders.test(name)));

const orders = /^(authorization|host|impersonate-.*|x-remote-.*|sec-websocket-.*|audit-id)$/i;

const verbOf = { GET: 'get', POST: 'create', DELETE: 'delete' } as const;

const rights = { manifests: 'manifests/services', clusterRole: 'muster-service-proxy' };

const forbidden = (
  { address }: Cluster,
  { namespace }: ServiceAddress,
  method: ProbeRequest['method'],
): string =>
  new ClusterError({
    reason: 'forbidden',
    address,
    action: `${verbOf[method]} services/proxy in the namespace ${namespace}`,
    rights,
  }).message;

/** A Status is at most so long, and is read to its end even where the body was not asked for. */
const longestStatus = { bytes: 4096, ms: 1000 };

async function read(answer: ApiAnswer, { read: wanted }: ProbeRequest): Promise<ProbeResponse> {
  const { status, headers } = answer;
  const isJson = (headers['content-type'] ?? '').startsWith('application/json');
  const limits = wanted ?? (status >= 400 && isJson ? longestStatus : undefined);
  if (limits === undefined) {
    answer.discard();
    return { status, headers, body: Buffer.alloc(0), isWhole: false };
  }
  return { status, headers, ...(await boundedBody(answer.body, limits, answer.discard)) };
}

const statusSchema = z.object({
  kind: z.literal('Status'),
  apiVersion: z.literal('v1'),
  status: z.literal('Failure'),
  message: z._default(z.string(), ''),
  code: z.number(),
  details: z._default(z.object({ kind: z.optional(z.string()), name: z.optional(z.string()) }), {}),
});

/**
 * The metav1.Status of an answer. A backend may send one as well: it can then only speak ill of
 * itself, and a 403 of ours is confirmed by the API server.
 */
function statusIn({ status, body }: ProbeResponse): z.infer<typeof statusSchema> | undefined {
  if (status < 400) return undefined;
  const parsed = statusSchema.safeParse(parseJson(body.toString()));
  return parsed.success && parsed.data.code === status ? parsed.data : undefined;
}

/** The API server puts its own address and the path of the proxy before a `Location`. */
function mapped(
  { headers }: ProbeResponse,
  proxy: string,
  { url }: ProbeRequest,
): ProbeResponse['headers'] {
  const { location } = headers;
  const to = location === undefined ? null : URL.parse(location, `${url.origin}${proxy}/`);
  const [, rest] = to?.pathname.split(`${proxy}/`) ?? [];
  return to === null || rest === undefined
    ? headers
    : { ...headers, location: `${url.origin}/${rest}${to.search}` };
}

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Whether a 403 came from the server: the cluster says that we may use the proxy of the Service
 * (SelfSubjectAccessReview, which every account may create).
 */
async function isAllowed(
  cluster: Cluster,
  { namespace, name }: ServiceAddress,
  method: ProbeRequest['method'],
): Promise<boolean> {
  const resourceAttributes = {
    group: '',
    version: 'v1',
    resource: 'services',
    subresource: 'proxy',
    verb: verbOf[method],
    namespace,
    name,
  };
  try {
    const answer = await call(cluster, () =>
      cluster.api.createClusterCustomObject({
        group: 'authorization.k8s.io',
        version: 'v1',
        plural: 'selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        },
      }),
    );
    return reviewSchema.safeParse(answer).data?.status.allowed ?? false;
  } catch (error) {
    throw new ProberError(
      clusterErrorFor(cluster, 'create selfsubjectaccessreviews', error, rights).message,
    );
  }
}
