/**
 * The service proxy of the local cluster: `/api/v1/namespaces/NS/services/[https:]NAME:PORT/proxy`,
 * as kube-apiserver 1.36 does it by the Endpoints of a Service. Unlike the real one it connects to
 * loopback, and asks for no pod behind an address.
 */
import { type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import * as z from 'zod/mini';
import { type Answer, failure } from './answer.ts';
import type { ObjectStore } from './object-store.ts';

/** What a path of the proxy names. */
export type ProxyPath = {
  readonly namespace: string;
  readonly name: string;
  readonly port: string;
  readonly secure: boolean;
  /** Everything up to and with `/proxy`. */
  readonly prefix: string;
  readonly path: string;
};

/** Undefined: it is not a path of the service proxy. */
export function proxyPathOf(url: string): ProxyPath | undefined {
  const match =
    /^(?<prefix>\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/services\/(?:(?<scheme>https?):)?(?<name>[^/:]+)(?::(?<port>[^/:]*))?\/proxy)(?<path>[/?].*)?$/.exec(
      url,
    );
  const { prefix, namespace, name, scheme, port = '', path = '/' } = match?.groups ?? {};
  if (prefix === undefined || namespace === undefined || name === undefined) return undefined;
  return { namespace, name, port, secure: scheme === 'https', prefix, path };
}

const serviceSchema = z.object({
  spec: z.object({
    ports: z._default(
      z.array(z.object({ name: z._default(z.string(), ''), port: z.number() })),
      [],
    ),
  }),
});

const endpointsSchema = z.object({
  subsets: z._default(
    z.array(
      z.object({
        addresses: z._default(z.array(z.object({ ip: z.string() })), []),
        ports: z._default(
          z.array(z.object({ name: z._default(z.string(), ''), port: z.number() })),
          [],
        ),
      }),
    ),
    [],
  ),
});

export type ServiceStores = { readonly services: ObjectStore; readonly endpoints: ObjectStore };

type Backend =
  | { readonly kind: 'backend'; readonly host: string; readonly port: number }
  | { readonly kind: 'none'; readonly answer: Answer };

function backendOf({ services, endpoints }: ServiceStores, wanted: ProxyPath): Backend {
  const { namespace, name, port } = wanted;
  const none = (code: number, reason: string, message: string, details?: object): Backend => ({
    kind: 'none',
    answer: failure(
      code,
      reason,
      message,
      details === undefined ? {} : { details: { ...details } },
    ),
  });
  const missing = (): Backend =>
    none(404, 'NotFound', `services "${name}" not found`, { name, kind: 'services' });
  const service = services.read(namespace, name);
  if (service === undefined) return missing();
  const { ports } = serviceSchema.parse(service.content).spec;
  const served = ports.find((one) => String(one.port) === port || one.name === port);
  if (served === undefined)
    return none(503, 'ServiceUnavailable', `no service port ${port} found for service "${name}"`);
  // The real one says so as well, of a Service that has no Endpoints object.
  const stored = endpoints.read(namespace, name);
  if (stored === undefined) return missing();
  for (const { addresses, ports: targets } of endpointsSchema.parse(stored.content).subsets) {
    const target = targets.find((one) => one.name === served.name);
    const [address] = addresses;
    if (target !== undefined && address !== undefined)
      return { kind: 'backend', host: address.ip, port: target.port };
  }
  return none(503, 'ServiceUnavailable', `no endpoints available for service "${name}:${port}"`);
}

/**
 * Passes a request on. The answer goes back as it comes: a stream of events has no end. Returns the
 * API server's own answer where there is no backend.
 */
export function proxyToService(
  stores: ServiceStores,
  wanted: ProxyPath,
  request: IncomingMessage,
  response: ServerResponse,
): Answer | undefined {
  const backend = backendOf(stores, wanted);
  if (backend.kind === 'none') return backend.answer;
  const { authorization: _taken, ...headers } = request.headers;
  const send = wanted.secure ? requestHttps : requestHttp;
  const outgoing = send(
    {
      host: backend.host,
      port: backend.port,
      path: wanted.path.startsWith('?') ? `/${wanted.path}` : wanted.path,
      method: request.method,
      headers,
      agent: false,
      // As the real one: it is not known which authority a Service has its certificate from.
      rejectUnauthorized: false,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, rewritten(answer, wanted, request));
      response.flushHeaders();
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    },
  );
  outgoing.once('error', (error) => {
    if (response.headersSent) return;
    const message = `error trying to reach service: ${error.message}`;
    const { code, body } = failure(503, 'ServiceUnavailable', message);
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
  return undefined;
}

/** An own `Location` gets the address of the API server and the path of the proxy. */
function rewritten(
  { headers }: IncomingMessage,
  { prefix }: ProxyPath,
  { headers: { host = '' } }: IncomingMessage,
): IncomingMessage['headers'] {
  const { location } = headers;
  const to = URL.parse(location ?? '', `http://${host}`);
  if (location === undefined || to?.host !== host) return headers;
  const path = to.pathname.startsWith(prefix) ? to.pathname : `${prefix}${to.pathname}`;
  return { ...headers, location: `http://${host}${path}${to.search}` };
}
