/**
 * The cluster of a sweep's tests: the embedded one under `npm test`, a real one with the rights of
 * `manifests/` under `npm run test:cluster`.
 */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Agent, fetch } from 'undici';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import type { Answer } from '../../local/cluster/answer.ts';
import { type ClusterOptions, startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { listen } from '../../local/listen.ts';
import { kubeconfigOf } from '../cluster/apiserver.ts';
import { compact } from '../cluster/compact.ts';
import type { Real } from '../cluster/real.ts';
import { crdFile } from './manifest.ts';
import { defined } from '../../functions/model/defined.ts';

export type TestCluster = {
  /** With the rights of a sweep. */
  readonly kubeconfig: string;
  /** With all rights. */
  readonly admin: string;
  readonly expireContinueTokens: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Intercept = NonNullable<ClusterOptions['intercept']>;

/** Whether this is `npm run test:cluster`, which leaves out tests that need no real cluster. */
export const isReal = inject('real') !== undefined;

/** Why the tests of a file cannot run; undefined when they can. */
export const whyNot = (real: Real | undefined = inject('real')): string | undefined => {
  if (real?.kind === 'missing') return 'there is no API server';
  return real?.kind === 'existing'
    ? 'a sweep writes to every MCPServer, so it needs a cluster of its own'
    : undefined;
};

/** Empty at first. Where `intercept` returns an answer, that replaces the API server's own. */
export async function startTestCluster(intercept: Intercept): Promise<TestCluster> {
  const real = inject('real');
  if (real?.kind === 'own') return proxyOf(real, intercept);
  const cluster = await startCluster({ crdFile, intercept });
  return {
    ...cluster,
    admin: cluster.kubeconfig,
    expireContinueTokens: async () => cluster.expireContinueTokens(),
  };
}

/** A reverse proxy on loopback before the real API server, so that tests can cause failures. */
async function proxyOf(
  real: Extract<Real, { kind: 'own' }>,
  intercept: Intercept,
): Promise<TestCluster> {
  const dispatcher = new Agent({ connect: { ca: real.caPem } });
  await empty(real, dispatcher);
  const token = await sweepToken(real, dispatcher);
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ code, body, type }) => {
        response.writeHead(code, { 'content-type': type });
        response.end(body);
      },
      () => response.destroy(),
    );
  });
  const answer = async (
    request: IncomingMessage,
  ): Promise<{ code: number; body: Buffer | string; type: string }> => {
    const own: Answer | undefined = intercept(request);
    if (own)
      return {
        code: own.code,
        body: typeof own.body === 'string' ? own.body : JSON.stringify(own.body),
        type: 'application/json',
      };
    const { method = 'GET', url = '/' } = request;
    const sent = method === 'GET' ? {} : { body: await buffer(request) };
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': request.headers['content-type'] ?? 'application/json',
    };
    const reply = await fetch(`${real.url}${url}`, { method, headers, dispatcher, ...sent });
    const type = reply.headers.get('content-type') ?? 'application/json';
    return { code: reply.status, body: Buffer.from(await reply.arrayBuffer()), type };
  };
  const { url, close } = await listen(server);
  const kubeconfig = JSON.stringify({
    'current-context': 'proxy',
    clusters: [{ name: 'proxy', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
  });
  return {
    kubeconfig,
    admin: real.admin,
    expireContinueTokens: () => compact(real.etcdUrl),
    close: async () => {
      await close();
      await dispatcher.destroy();
    },
  };
}

/**
 * Declares exactly these MCPServers in the real cluster of `npm run test:cluster`. Returns a
 * kubeconfig file with the rights of a sweep and the text of one with all rights. Undefined under
 * `npm test`: the world embeds a cluster.
 */
export async function declareInReal(
  yaml: string,
  folder: string,
): Promise<{ readonly path: string; readonly admin: string } | undefined> {
  const real = inject('real');
  if (real?.kind !== 'own') return undefined;
  const dispatcher = new Agent({ connect: { ca: real.caPem } });
  await empty(real, dispatcher);
  const refused = await declareServers(real.admin, yaml, 'the test');
  if (refused.length > 0) throw new Error(refused.join('\n'));
  const path = join(folder, 'real-kubeconfig');
  await writeFile(path, kubeconfigOf(real.url, real.caPem, await sweepToken(real, dispatcher)), {
    mode: 0o600,
  });
  await dispatcher.destroy();
  return { path, admin: real.admin };
}

type Own = Extract<Real, { kind: 'own' }>;

/** A real service-account token, as TokenRequest gives it to a pod. */
export async function sweepToken(
  real: Own,
  dispatcher: Agent,
  expirationSeconds = 3600,
): Promise<string> {
  const path = '/api/v1/namespaces/muster-serverless/serviceaccounts/muster-sweep/token';
  const body = JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds },
  });
  const reply = await asAdmin(real, dispatcher, 'POST', path, body);
  return z.object({ status: z.object({ token: z.string() }) }).parse(reply).status.token;
}

/** Deletes every MCPServer, of all namespaces. */
async function empty(real: Own, dispatcher: Agent): Promise<void> {
  const group = '/apis/muster.giantswarm.io/v1alpha1';
  const list = z.object({
    items: z.array(z.object({ metadata: z.object({ namespace: z.string() }) })),
  });
  const { items } = list.parse(await asAdmin(real, dispatcher, 'GET', `${group}/mcpservers`));
  for (const namespace of new Set(items.map(({ metadata }) => metadata.namespace))) {
    await asAdmin(real, dispatcher, 'DELETE', `${group}/namespaces/${namespace}/mcpservers`);
  }
}

async function asAdmin(
  real: Own,
  dispatcher: Agent,
  method: string,
  path: string,
  body?: string,
): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${real.adminToken}`,
    'content-type': 'application/json',
  };
  const reply = await fetch(
    `${real.url}${path}`,
    defined({
      method,
      headers,
      dispatcher,
      body,
    }),
  );
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path} was answered ${reply.status}: ${text}`);
  return JSON.parse(text);
}
