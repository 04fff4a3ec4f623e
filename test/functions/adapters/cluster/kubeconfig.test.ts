/** What a kubeconfig says is what an API server gets: over TLS, by helpers, through proxies. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { readKubeconfig } from '../../../../functions/adapters/cluster/kubeconfig.ts';
import { serverReader } from '../../../../functions/adapters/cluster/kubernetes.ts';
import {
  type Authority,
  type Certificate,
  createAuthority,
} from '../../../../local/certificates.ts';
import { type Listening, listen } from '../../../../local/listen.ts';
import { aManifest } from '../../../world/manifest.ts';
import { type ConnectProxy, startConnectProxy } from '../../../world/connect-proxy.ts';

let authority: Authority;
let client: Certificate;
let secure: Listening;
let plain: Listening;
let proxy: ConnectProxy;
let folder: string;
let asked: { request: IncomingMessage; person: unknown }[];

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What the API server answers: one object, larger than what a real one leaves uncompressed. */
const metadata = { uid: 'u', generation: 1, resourceVersion: '1', namespace: 'default' };
const object = JSON.stringify(aManifest({ name: 'server-a', metadata }));

beforeAll(async () => {
  authority = await createAuthority();
  client = await authority.issue({ hosts: ['the-sweep'] });
  const { certPem: cert, keyPem: key } = await authority.issue({ hosts: ['apiserver.test'] });
  const answer: Parameters<typeof createHttpServer>[1] = (request, response) => {
    const { socket } = request;
    const peer = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
    asked.push({ request, person: peer?.subject?.CN });
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(object));
  };
  const tls = { cert, key, ca: authority.caPem, requestCert: true, rejectUnauthorized: false };
  [secure, plain, proxy, folder] = await Promise.all([
    listen(createServer(tls, answer)),
    listen(createHttpServer(answer)),
    startConnectProxy(),
    mkdtemp(join(tmpdir(), 'kubeconfig-')),
  ]);
});
afterAll(() =>
  Promise.all([
    secure.close(),
    plain.close(),
    proxy.close(),
    rm(folder, { recursive: true, force: true }),
  ]),
);
beforeEach(() => {
  asked = [];
});

type Parts = { readonly cluster?: object; readonly user?: object };

const yamlOf = ({ cluster = {}, user = {} }: Parts = {}): string =>
  stringify({
    'current-context': 'a',
    clusters: [
      {
        name: 'a',
        cluster: {
          server: `https://127.0.0.1:${secure.port}`,
          'certificate-authority-data': base64(authority.caPem),
          'tls-server-name': 'apiserver.test',
          ...cluster,
        },
      },
    ],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  });

/** Reads one object so many times, one after another. */
async function read(parts: Parts = {}, times = 1): Promise<unknown> {
  const one = serverReader(connectCluster({ kubeconfig: yamlOf(parts) }));
  let name: unknown;
  for (let time = 0; time < times; time += 1) name = (await one('default', 'server-a'))?.name;
  return name;
}

const lastHeaders = (): IncomingMessage['headers'] => asked.at(-1)?.request.headers ?? {};

describe('over TLS', () => {
  test('an API server is known by the authority and the name in the kubeconfig', async () => {
    expect(await read()).toBe('server-a');
    expect(lastHeaders()).toMatchObject({
      'accept-encoding': 'gzip',
      'user-agent': 'muster-serverless',
    });
  });

  test.each([
    [
      'of an unknown authority',
      { 'certificate-authority-data': undefined },
      /SELF_SIGNED_CERT_IN_CHAIN/,
    ],
    ['for another name', { 'tls-server-name': undefined }, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ])('a certificate %s is refused, and nothing is sent', async (_what, cluster, code) => {
    await expect(read({ cluster, user: { token: 'the-token' } })).rejects.toThrow(code);
    expect(asked).toEqual([]);
  });

  test('insecure-skip-tls-verify accepts any certificate', async () => {
    const cluster = {
      'certificate-authority-data': undefined,
      'tls-server-name': undefined,
      'insecure-skip-tls-verify': true,
    };
    expect(await read({ cluster })).toBe('server-a');
  });

  test('a client certificate says who we are', async () => {
    const user = {
      'client-certificate-data': base64(client.certPem),
      'client-key-data': base64(client.keyPem),
    };
    expect(await read({ user })).toBe('server-a');
    expect(asked.map(({ person }) => person)).toEqual(['the-sweep']);
  });

  test('calls one after another use one connection', async () => {
    await read({}, 5);
    expect(new Set(asked.map(({ request }) => request.socket)).size).toBe(1);
  });

  test('a call whose time has passed does not end the connection of a later one', async () => {
    const cluster = connectCluster({ kubeconfig: yamlOf(), timeoutMs: 200 });
    const one = serverReader(cluster);
    await one('default', 'server-a');
    const passed = AbortSignal.timeout(250);
    await new Promise((done) => passed.addEventListener('abort', done));
    await one('default', 'server-a');
    expect(new Set(asked.map(({ request }) => request.socket)).size).toBe(1);
  });
});

test.each([
  ['a token', { token: 'abc' }, { authorization: 'Bearer abc' }],
  ['a name and a password', { username: 'a', password: 'b' }, { authorization: 'Basic YTpi' }],
  ['another person', { token: 'abc', as: 'ada' }, { 'impersonate-user': 'ada' }],
])('%s in the kubeconfig is sent', async (_what, user, headers) => {
  await read({ user });
  expect(lastHeaders()).toMatchObject(headers);
});

test('a token from a file is sent without the newline at its end', async () => {
  const file = join(folder, 'token');
  await writeFile(file, 'abc\n');
  await read({ user: { 'token-file': file } });
  expect(lastHeaders().authorization).toBe('Bearer abc');
});

test('a path before the API is kept, as Rancher has one', async () => {
  await read({ cluster: { server: `https://127.0.0.1:${secure.port}/k8s/clusters/c-1/` } });
  expect(asked.at(-1)?.request.url).toBe(
    '/k8s/clusters/c-1/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers/server-a',
  );
});

test('the token of an exec plugin is asked for once, and again when it is refused', async () => {
  const runs = join(folder, 'runs');
  const script = `const { appendFileSync, readFileSync } = require('node:fs');
    appendFileSync(${JSON.stringify(runs)}, 'x');
    const token = 'run-' + readFileSync(${JSON.stringify(runs)}).length;
    console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }));`;
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', script],
    interactiveMode: 'Never',
  };
  const cluster = connectCluster({ kubeconfig: yamlOf({ user: { exec } }) });
  const one = serverReader(cluster);
  await one('default', 'server-a');
  await one('default', 'server-a');
  expect(await readFile(runs, 'utf8')).toBe('x');
  expect(cluster.refresh()).toBe(true);
  await one('default', 'server-a');
  expect(asked.map(({ request }) => request.headers.authorization)).toEqual([
    'Bearer run-1',
    'Bearer run-1',
    'Bearer run-2',
  ]);
});

test('calls through the proxy of the kubeconfig share one tunnel', async () => {
  const user = { token: 'abc' };
  expect(await read({ cluster: { 'proxy-url': proxy.url }, user }, 3)).toBe('server-a');
  expect(proxy.asked().map((head) => head.split('\r\n')[0])).toEqual([
    `CONNECT 127.0.0.1:${secure.port} HTTP/1.1`,
  ]);
  expect(lastHeaders().authorization).toBe('Bearer abc');
});

test('an API server without TLS is reached where the kubeconfig says so', async () => {
  const cluster = { server: plain.url, 'insecure-skip-tls-verify': true };
  expect(await read({ cluster })).toBe('server-a');
});

describe('client-node reads the same from', () => {
  const pem = base64('-----BEGIN CERTIFICATE-----');
  test.each<[string, Parts]>([
    ['a token', { user: { token: 'abc' } }],
    ['certificates', { user: { 'client-certificate-data': pem, 'client-key-data': pem } }],
    ['a password', { user: { username: 'a', password: 'b' } }],
    ['a token beside a password', { user: { token: 'abc', username: 'a', password: 'b' } }],
    ['another person', { user: { token: 'abc', as: 'ada' } }],
    ['no check of certificates', { cluster: { 'insecure-skip-tls-verify': true } }],
    ['a file', { cluster: { 'certificate-authority': 'ca.crt' } }],
  ])('a kubeconfig with %s', async (_what, parts) => {
    await writeFile(join(folder, 'ca.crt'), authority.caPem);
    const yaml = yamlOf(parts);
    const theirs = new KubeConfig();
    theirs.loadFromString(yaml);
    theirs.makePathsAbsolute(folder);
    const options: RequestOptions = {};
    await theirs.applyToHTTPSOptions(options);
    const { tls, headers } = await readKubeconfig(yaml, folder).authenticate();
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const given = Object.entries({ ca, cert, key, servername, rejectUnauthorized });
    expect(tls).toEqual(Object.fromEntries(given.filter(([, value]) => value !== undefined)));
    const expected = Object.entries(options.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]);
    const basic = options.auth ? { authorization: `Basic ${base64(options.auth)}` } : {};
    expect(headers).toEqual({ ...basic, ...Object.fromEntries(expected) });
  });
});
