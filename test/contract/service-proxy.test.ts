/**
 * What we rely on in the service proxy of a Kubernetes API server. The local cluster has to do the
 * same, and so has a real one (npm run test:cluster, in a network of its own).
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import type { Probe } from '../../functions/adapters/mcp/probe.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { defined } from '../../functions/model/defined.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { classify } from '../../functions/reachability/classify.ts';
import { createProber } from '../../functions/wiring/probe-client.ts';
import { selfSigned } from '../../local/certificates.ts';
import { aServer } from '../world/server.ts';
import { declareService } from '../world/service.ts';
import { type Api, anApi } from './api.ts';

/** Where the endpoints of the Services are. A real API server connects to no loopback address. */
const address = process.env['SERVICE_ADDRESS'] ?? '127.0.0.1';

let api: Api;
let cluster: Cluster;
let namespace: string;
let probe: Probe;
const backends: Server[] = [];

beforeAll(async () => {
  api = await anApi();
  if (api.kind === 'missing') return;
  namespace = await api.aNamespace();
  cluster = connectCluster({ kubeconfig: api.kubeconfig });
  probe = proberFor(cluster);
});
afterAll(async () => {
  for (const backend of backends) {
    backend.closeAllConnections();
    backend.close();
  }
  await api.close();
});

const proberFor = (one: Cluster): Probe =>
  createProber(
    { serviceProxy: { isOn: true, namespaces: [], clusterDomain: 'cluster.local' } },
    // Nothing may go around the API server.
    { resolve: resolver(), guard: addressGuard(), secureContext: trustStore() },
    one,
  );

async function listening(server: Server): Promise<number> {
  backends.push(server);
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/** A Service on this port, and its endpoint where there is one. */
const declare = (name: string, port: number, target?: number): Promise<void> =>
  declareService(
    async (...request) => (await api.send(request[0], request[1], { body: request[2] })).code,
    defined({ namespace, name, port, address, target, withPod: api.kind === 'real' }),
  );

const backend = async (name: string, listener: RequestListener, port = 80): Promise<void> =>
  declare(name, port, await listening(createServer(listener)));

async function verdictOn(name: string, facts: Partial<McpServer> & { at?: string } = {}) {
  const { at = '/mcp', ...rest } = facts;
  const url = `http://${name}.${namespace}.svc${at}`;
  const server = aServer({ namespace, url, timeoutMs: 5000, ...rest });
  const outcome = await probe(server, { classify: true });
  return { ...classify(outcome), via: outcome.via };
}

const json = { 'content-type': 'application/json' };
const forbidden = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Forbidden',
  code: 403,
  message: 'forbidden',
};

describe('a Service inside the cluster', () => {
  test.beforeEach(({ skip }) => skip(api.kind === 'missing', 'there is no API server'));

  test('that answers 401 is Connected, and the check says which way it went', async () => {
    await backend('asks', (_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
    );
    expect(await verdictOn('asks')).toMatchObject({
      kind: 'connected',
      reason: 'AuthenticationRequired',
      authRequired: 'True',
      via: `Through the API server, to port 80 of the Service ${namespace}/asks`,
    });
  });

  test('that answers 403 with a Bearer challenge is Connected', async () => {
    await backend('challenges', (_request, response) =>
      response.writeHead(403, { 'www-authenticate': 'Bearer' }).end(),
    );
    expect(await verdictOn('challenges')).toMatchObject({ reason: 'AuthenticationRequired' });
  });

  test('gets spec.headers, but none that tells the API server who asks', async () => {
    const seen: IncomingHttpHeaders[] = [];
    await backend('headers', (request, response) => {
      seen.push(request.headers);
      response.writeHead(401).end();
    });
    const headers = {
      'X-Team': 'blue',
      Authorization: 'Basic YTpi',
      'Impersonate-User': 'nobody',
      'Impersonate-Group': 'system:masters',
      Host: 'elsewhere.example.com',
    };
    const verdict = await verdictOn('headers', { headers });
    expect(verdict).toMatchObject({ kind: 'connected', authRequired: 'Unknown' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ 'x-team': 'blue' });
    expect(Object.keys(seen[0] ?? {})).not.toContain('authorization');
    expect(JSON.stringify(seen)).not.toContain('system:masters');
    expect(JSON.stringify(seen)).not.toContain('elsewhere');
  });

  test('is asked by POST as well, and its answer says that it needs no sign-in', async () => {
    const asked: string[] = [];
    await backend('open', (request, response) => {
      const body: Buffer[] = [];
      request.on('data', (chunk: Buffer) => body.push(chunk));
      request.once('end', () => {
        asked.push(`${request.method} ${request.url}`);
        if (request.method === 'GET') return response.writeHead(405).end();
        const { id } = JSON.parse(Buffer.concat(body).toString());
        return response
          .writeHead(200, json)
          .end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
      });
    });
    expect(await verdictOn('open', { at: '/a/b/?x=1%2F2' })).toMatchObject({
      reason: 'Responded',
      authRequired: 'False',
    });
    expect(asked).toEqual(['GET /a/b/?x=1%2F2', 'POST /a/b/?x=1%2F2']);
  });

  test('whose stream of events never ends is judged at its headers', async () => {
    await backend('stream', (request, response) =>
      request.method === 'GET'
        ? response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
        : response.writeHead(401).end(),
    );
    expect(await verdictOn('stream')).toMatchObject({ reason: 'AuthenticationRequired' });
  });

  test.each(['/mcp/', 'mcp/', 'absolute'])(
    'that redirects to itself (%s) is followed',
    async (location) => {
      const name = `moved-${location.replaceAll('/', '-').replace(/^-|-$/g, 'x')}`;
      await backend(name, (request, response) =>
        request.url === '/mcp'
          ? response
              .writeHead(307, {
                // Frameworks take the address from Host.
                location:
                  location === 'absolute' ? `http://${request.headers.host}/mcp/` : location,
              })
              .end()
          : response.writeHead(request.url === '/mcp/' ? 401 : 404).end(),
      );
      expect(await verdictOn(name)).toMatchObject({ reason: 'AuthenticationRequired' });
    },
  );

  test.each([
    ['another path of the API', '/../../../../../../../api/v1/namespaces'],
    ['a path that is encoded twice', '/%252e%252e/%252e%252e/api'],
    ['another host', 'http://169.254.169.254/latest'],
    ['the API server', 'https://kubernetes.default.svc/api'],
  ])('that redirects to %s leads the probe nowhere', async (what, location) => {
    const paths: (string | undefined)[] = [];
    const name = `leads-${what.replaceAll(' ', '-')}`.toLowerCase();
    await backend(name, (request, response) => {
      paths.push(request.url);
      response.writeHead(request.url === '/mcp' ? 302 : 200, { location }).end();
    });
    const verdict = await verdictOn(name);
    expect(['Redirected', 'BlockedByPolicy', 'Responded']).toContain(
      'reason' in verdict ? verdict.reason : '',
    );
    // Whatever was asked for was asked of this very Service.
    expect(paths[0]).toBe('/mcp');
  });

  test('that serves TLS is reached by https, whatever its certificate', async () => {
    const { certPem: cert, keyPem: key } = await selfSigned({ hosts: ['elsewhere'] });
    const listener: RequestListener = (_request, response) => response.writeHead(401).end();
    await declare('secure', 443, await listening(createHttps({ cert, key }, listener)));
    const url = `https://SECURE.${namespace}.svc.cluster.local./mcp`;
    expect(await verdictOn('secure', { url })).toMatchObject({
      reason: 'AuthenticationRequired',
      via: expect.stringContaining('does not verify the certificate'),
    });
  });

  test('that does not exist is a name that does not exist', async () => {
    expect(await verdictOn('missing')).toMatchObject({
      kind: 'failed',
      reason: 'DNSFailure',
      message: `The host name does not exist (the namespace ${namespace} has no Service missing, or no Endpoints for it).`,
    });
  });

  test.each([
    ['without endpoints', 'empty', undefined, 'no endpoints available'],
    ['whose backend refuses connections', 'refuses', 9, 'error trying to reach service'],
  ])('%s is a gateway without a server', async (_what, name, target, remark) => {
    await declare(name, 80, target);
    expect(await verdictOn(name)).toMatchObject({
      kind: 'failing',
      reason: 'UpstreamUnavailable',
      via: expect.stringContaining(remark),
    });
  });

  test('without this port is a gateway without a server', async () => {
    await backend('other-port', (_request, response) => response.writeHead(401).end(), 8080);
    const url = (port: number) => `http://other-port.${namespace}.svc:${port}/mcp`;
    expect(await verdictOn('', { url: url(8080) })).toMatchObject({
      reason: 'AuthenticationRequired',
    });
    expect(await verdictOn('', { url: url(9090) })).toMatchObject({
      reason: 'UpstreamUnavailable',
      via: expect.stringContaining('no service port'),
    });
  });

  test('that answers 403, 404 or 503 itself keeps its own answer', async () => {
    const answers: Readonly<Record<string, readonly [number, object]>> = {
      'own-403': [403, { error: 'forbidden' }],
      'fake-403': [403, forbidden],
      'own-404': [404, { error: 'not found' }],
      'own-503': [503, { error: 'down' }],
    };
    const verdicts = [];
    for (const [name, [status, body]] of Object.entries(answers)) {
      await backend(name, (_request, response) =>
        response.writeHead(status, json).end(JSON.stringify(body)),
      );
      const verdict = await verdictOn(name);
      verdicts.push('reason' in verdict ? verdict.reason : verdict.message);
    }
    expect(verdicts).toEqual(['Responded', 'Responded', 'EndpointNotFound', 'UpstreamUnavailable']);
  });

  test('that stays silent has no answer within its own time', async () => {
    await backend('silent', () => {});
    const began = performance.now();
    expect(await verdictOn('silent', { timeoutMs: 1000 })).toMatchObject({ reason: 'Timeout' });
    expect(performance.now() - began).toBeLessThan(2500);
  });

  test('is not there for an MCPServer of another namespace', async () => {
    await backend('guarded', (_request, response) => response.writeHead(401).end());
    expect(await verdictOn('guarded', { namespace: 'team-b' })).toMatchObject({
      kind: 'failed',
      reason: 'BlockedByPolicy',
      message: expect.stringContaining(`SERVICE_NAMESPACES does not list ${namespace}`),
    });
  });
});
