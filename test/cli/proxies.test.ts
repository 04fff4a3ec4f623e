/** A company's network: everything outside is reached by a proxy only. copilot-cli#41, netlify/cli#170 */
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Authority, createAuthority, type Certificate } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import { type HttpProxyOptions, startHttpProxy } from '../world/http-proxy.ts';
import { issuerQuirks, type OwnIssuer, startOwnIssuer } from '../world/own-issuers.ts';
import { type Run, runMuster } from './run.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();
const endpoint = 'https://muster.example.com';
const login = 'https://login.example.com';

let authority: Authority;
let issuer: OwnIssuer;
let routes: Record<string, number>;
let proxyCertificate: Certificate;
const open: (() => Promise<void>)[] = [];

async function served(host: string, listener: RequestListener): Promise<number> {
  const { certPem: cert, keyPem: key } = await authority.issue({ hosts: [host] });
  const { port, close } = await listen(createTlsServer({ cert, key }, listener));
  open.push(close);
  return port;
}

const json = (value: unknown): string => JSON.stringify(value);

beforeAll(async () => {
  authority = await createAuthority();
  proxyCertificate = await authority.issue({ hosts: ['127.0.0.1'] });
  issuer = await startOwnIssuer({
    ...issuerQuirks.dex,
    path: '',
    namedAs: () => login,
    claims: () => ({ iss: login, email: 'ada@example.com' }),
    metadata: { authorization_endpoint: `${login}/authorize`, token_endpoint: `${login}/token` },
  });
  open.push(issuer.close);
  const answers: Record<string, string> = {
    '/v1/config': json({ issuer: login, clientId: issuer.client, scopes: ['openid'] }),
    '/v1/mcpservers': json({ items: [], problems: [] }),
  };
  const answer: RequestListener = (request, response) => {
    request.resume();
    const body = answers[request.url ?? ''];
    const status = request.url === '/v1/me/key' ? 204 : body === undefined ? 404 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  routes = {
    'muster.example.com:443': await served('muster.example.com', answer),
    'login.example.com:443': await served('login.example.com', (request, response) => {
      void fetch(`${issuer.url}${request.url}`, {
        method: request.method ?? 'GET',
        headers: { 'content-type': request.headers['content-type'] ?? 'text/plain' },
        ...(request.method === 'POST' ? { body: request, duplex: 'half' } : {}),
        redirect: 'manual',
      }).then(async (answered) => {
        response.writeHead(answered.status, { 'content-type': 'application/json' });
        response.end(await answered.text());
      });
    }),
    // A proxy that leads to another server than was asked for.
    'wrong.example.com:443': await served('other.example.com', answer),
  };
});
afterAll(async () => void (await Promise.all(open.map((close) => close()))));

let ca: string;
beforeEach(async () => {
  ca = join(box.home, 'ca.pem');
  await writeFile(ca, authority.caPem);
});

async function behind(options: HttpProxyOptions, user = '') {
  const proxy = await startHttpProxy({ routes, ...options });
  box.endAfter(proxy.close);
  const environment = (name: string, more: Record<string, string> = {}) => ({
    NODE_EXTRA_CA_CERTS: ca,
    [name]: proxy.url.replace('://', `://${user}`),
    ...more,
  });
  const muster = (line: string, run: Run = {}) =>
    runMuster(box.file, line, {
      home: box.home,
      endpoint,
      environment: environment('HTTPS_PROXY'),
      ...run,
    });
  return { proxy, muster, environment };
}

test('a person behind a proxy signs in, lists and is refreshed, all of it through the proxy', async () => {
  const { proxy, muster } = await behind({ credentials: 'ada:pass word%' }, 'ada:pass%20word%@');
  expect((await muster(`context add work ${endpoint}`)).code).toBe(0);
  const signedIn = await muster('auth login', {
    // The browser has its own way to the issuer.
    onAddress: (address) => fetch(address.replace(login, issuer.url)),
  });
  expect(signedIn.stderr).toContain(`Signed in to ${endpoint} as ada@example.com.`);
  expect(signedIn.code).toBe(0);
  expect(await muster('list mcpserver')).toMatchObject({
    code: 0,
    stderr: 'No MCPServers found\n',
  });
  expect(new Set(proxy.asked)).toEqual(
    new Set(['CONNECT muster.example.com:443 as ada', 'CONNECT login.example.com:443 as ada']),
  );
});

test('the proxy itself may be reached by TLS', async () => {
  const { proxy, muster } = await behind({ tls: proxyCertificate });
  expect((await muster('list mcpserver')).code).toBe(0);
  expect(proxy.asked).toEqual(['CONNECT muster.example.com:443']);
});

test('an address in NO_PROXY is not asked of the proxy', async () => {
  const { proxy, muster, environment } = await behind({});
  const { code, stderr } = await muster('list mcpserver', {
    environment: environment('ALL_PROXY', { NO_PROXY: 'example.com' }),
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/the host name (does not exist|could not be resolved)/);
  expect(proxy.asked).toEqual([]);
});

test('the certificate is that of the endpoint, whoever is between', async () => {
  const { muster } = await behind({});
  const { code, stderr } = await muster('list mcpserver', {
    endpoint: 'https://wrong.example.com',
  });
  expect(code).toBe(1);
  expect(stderr).toContain(
    'the TLS certificate is not for wrong.example.com (ERR_TLS_CERT_ALTNAME_INVALID)',
  );
});

test.each<[string, HttpProxyOptions, RegExp, string]>([
  [
    'requires a password',
    { credentials: 'ada:other' },
    /^Error: The proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) requires a user name and a password, or refused them \(HTTP 407\)\.\n/,
    'HTTPS_PROXY=http://USER:PASSWORD@127.0.0.1:',
  ],
  [
    'does not allow the endpoint',
    { routes: {} },
    /^Error: The proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) did not let a connection to muster\.example\.com through \(HTTP 403\)\.\n/,
    'add it to NO_PROXY',
  ],
  [
    'has a fault',
    { status: 502 },
    /did not let a connection to muster\.example\.com through \(HTTP 502\)\.\n/,
    'Ask the owner of the proxy.',
  ],
])(
  'a proxy that %s is named with its variable, without its password',
  async (_what, options, message, hint) => {
    const { muster } = await behind(options, 'ada:hunter2hunter2@');
    const { code, stdout, stderr } = await muster('list mcpserver');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('hunter2');
  },
);

test('a proxy that is down is named, not the endpoint', async () => {
  const { proxy, muster } = await behind({}, 'ada:hunter2hunter2@');
  await proxy.close();
  const { code, stderr } = await muster('list mcpserver');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Error: The proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) could not be used: connection refused\.\nCheck HTTPS_PROXY, or remove it\.\n$/,
  );
});

test('a proxy that never answers is named, not the endpoint', { timeout: 30_000 }, async () => {
  const { close, port } = await listen(createServer((socket) => void socket.resume()));
  box.endAfter(close);
  const { code, stderr } = await runMuster(box.file, 'list mcpserver', {
    home: box.home,
    endpoint,
    environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
  });
  expect(code).toBe(1);
  expect(stderr).toContain(
    `The proxy 127.0.0.1:${port} (HTTPS_PROXY) could not be used: no response.`,
  );
});
