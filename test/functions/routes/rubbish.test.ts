/** Rubbish at every place of every route, through the whole endpoint: never a 5xx. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createApi } from '../../../functions/api.ts';
import { contract } from '../../../functions/routes/contract.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { type LocalCluster, startCluster } from '../../../local/cluster/local-cluster.ts';
import { declareServers } from '../../../local/declare-servers.ts';
import { ada, commandLineClient, type Issuer, startIssuer } from '../../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../../local/mcp-servers.ts';
import { type Store, startStore } from '../../../local/dynamodb.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aManifest, crdFile } from '../../world/manifest.ts';

let issuer: Issuer;
let cluster: LocalCluster;
let store: Store;
let mcp: LocalMcpServer;
let bearer: string;
beforeAll(async () => {
  [issuer, cluster, store] = await Promise.all([
    startIssuer(),
    startCluster({ crdFile }),
    startStore(),
  ]);
  mcp = await startMcpServer({ oauth: { issuer: issuer.url, scopes: ['mcp'] } });
  const manifest = aManifest({
    name: 'server-a',
    namespace: 'default',
    spec: { type: 'streamable-http', url: mcp.url, auth: { type: 'oauth' } },
  });
  const refused = await declareServers(cluster.kubeconfig, JSON.stringify(manifest), 'the test');
  if (refused.length > 0) throw new Error(refused.join());
  bearer = await bearerFor(issuer, ada);
});
afterAll(() => Promise.all([issuer, cluster, store, mcp].map((part) => part.close())));

const endpoint = () =>
  createApi({
    KUBECONFIG_YAML: cluster.kubeconfig,
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    TABLE_NAME: store.table,
    TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    GUARD: 'off',
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: commandLineClient.client_id,
    PUBLIC_URL: 'https://muster.example.com',
    ANONYMOUS_LIST: 'on',
    LIVE_PAGE: 'on',
  });

const long = 'x'.repeat(20_000);
const texts = [
  '..',
  '.',
  '%',
  '%00',
  '%E0%A4%A',
  '%2e%2e%2f',
  '%0d%0aset-cookie:%20a=b',
  '%F0%9F%92%A9',
  '\u202Ereversed',
  '__proto__',
  'constructor',
  'null',
  '-1',
  '1e999',
  '{}',
  '<script>',
  "' OR 1=1 --",
  long,
];
const paths = texts.filter((text) => text !== '..' && text !== '.');
const bodies = [
  '{',
  '[]',
  'null',
  '7',
  '"text"',
  '\uFEFF{}',
  '{"secret":7}',
  '{"secret":""}',
  '{"secret":"\\u0000"}',
  `{"secret":"${'s'.repeat(300_000)}"}`,
  '{"state":7,"challenge":[],"nonce":null}',
  `{"state":"${'s'.repeat(40)}","challenge":"${'c'.repeat(43)}","nonce":"${'n'.repeat(43)}"}`,
  `{"code":"${'c'.repeat(8_000)}","verifier":"${'v'.repeat(43)}","nonce":"${'n'.repeat(43)}"}`,
  `{"code":"c","iss":"http://[","verifier":"${'v'.repeat(43)}","nonce":"${'n'.repeat(43)}"}`,
  '{"returnTo":7}',
  '{"returnTo":{"href":"http://127.0.0.1:1/"}}',
  `{"returnTo":"http://127.0.0.1:1/${'p'.repeat(500_000)}"}`,
  '{"__proto__":{"returnTo":"http://127.0.0.1:1/"}}',
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  long,
];
const headers: readonly Record<string, string>[] = [
  { 'content-type': 'multipart/form-data; boundary=' },
  { 'content-type': 'x'.repeat(5_000) },
  { accept: 'image/png' },
  { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', host: 'evil.example' },
  { 'content-length': '-1' },
  { 'x-http-method-override': 'DELETE' },
  { cookie: 'a='.repeat(3_000) },
  { cookie: '__Host-muster-live=%E0%A4%A' },
  { cookie: '__Host-muster-live=e30.AAAA.AAAA.AAAA' },
  { 'sec-fetch-site': long },
  { dpop: 'rubbish', range: 'bytes=0-', 'if-none-match': '*' },
];
const tokens = [
  '',
  'Bearer',
  'Bearer ',
  'Bearer a.b.c',
  `Bearer ${long}`,
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  `Bearer ${Buffer.from('{"alg":"ES256","kid":7}').toString('base64url')}.e30.AAAA`,
  `Bearer ${Buffer.from('{"alg":"ES256","crit":["x"],"x":1}').toString('base64url')}.e30.AAAA`,
  `Bearer ${Buffer.from('null').toString('base64url')}.bnVsbA.AAAA`,
  'Basic YWRhOg==',
  'Bearer a, Bearer b',
];

type Sent = {
  readonly path: string;
  readonly init: {
    readonly method: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
};

function sendings(method: string, template: string): readonly Sent[] {
  const path = template.replace('{namespace}', 'default').replace('{name}', 'server-a');
  const signedIn = { authorization: `Bearer ${bearer}`, 'sec-fetch-site': 'same-origin' };
  const plain = { method, headers: signedIn };
  const parameters = [...template.matchAll(/\{\w+\}/g)].map(([name]) => name);
  const atPaths = parameters.flatMap((name) =>
    paths.map((text) => ({
      path: template
        .replace(name, encodeURI(text).replaceAll('%25', '%'))
        .replace('{namespace}', 'default')
        .replace('{name}', 'server-a'),
      init: plain,
    })),
  );
  const names = [
    'namespace',
    'limit',
    'labelSelector',
    'continue',
    'labelSelector',
    'state',
    'code',
    'iss',
    'error',
  ];
  const atQueries = names.flatMap((name) =>
    texts.map((text) => ({
      path: `${path}?${name}=${encodeURIComponent(text)}&${name}=&${name}[]=1`,
      init: plain,
    })),
  );
  const atHeaders = [
    ...headers.map((more) => ({ path, init: { method, headers: { ...signedIn, ...more } } })),
    ...tokens.map((authorization) => ({ path, init: { method, headers: { authorization } } })),
  ];
  const inBodies =
    method === 'GET' ? [] : bodies.map((body) => ({ path, init: { ...plain, body } }));
  // Bodies first: later the limit of sign-in starts answers before a body is read.
  return [...inBodies, ...atHeaders, ...atPaths, ...atQueries];
}

const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'];

test.each(contract)(
  'rubbish for $method $path is answered below 500, and by a problem where it is one',
  async ({ method, path }) => {
    const lines: string[] = [];
    const keep = (chunk: unknown) => lines.push(String(chunk)) > 0;
    vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    vi.spyOn(process.stderr, 'write').mockImplementation(keep);
    const api = endpoint();
    const failed: string[] = [];
    try {
      const sent: readonly Sent[] = [
        ...sendings(method.toUpperCase(), path),
        ...others.map((other) => ({
          path: path.replace('{namespace}', 'default').replace('{name}', 'server-a'),
          init: { method: other },
        })),
      ];
      for (const one of sent) {
        const answer = await api.request(one.path, one.init);
        const what = `${answer.status} ${one.init.method} ${one.path.slice(0, 80)} ${one.init.body?.slice(0, 40) ?? ''}`;
        if (answer.status >= 500) failed.push(what);
        const text = await answer.text();
        const isProblem =
          one.init.method !== 'HEAD' &&
          answer.headers.get('content-type') === 'application/problem+json';
        if (isProblem && !problemSchema.safeParse(JSON.parse(text)).success) failed.push(what);
        if (text.length > 10_000 && answer.status >= 400) failed.push(`long: ${what}`);
      }
    } finally {
      vi.restoreAllMocks();
    }
    expect(failed).toEqual([]);
    expect(lines.filter((line) => line.includes('request failed'))).toEqual([]);
  },
  60_000,
);
