/** Servers and issuers behind the outgoing proxy that the owner has set. */
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connector,
  connect,
  trustStore,
} from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { proxyTo } from '../../../../functions/adapters/network/proxy.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { createAuthority } from '../../../../local/certificates.ts';
import { listen } from '../../../../local/listen.ts';
import { type ConnectProxy, startConnectProxy } from '../../../world/connect-proxy.ts';
import { type DnsFaults, startDns } from '../../../world/dns-faults.ts';
import { aServer } from '../../../world/server.ts';

let proxy: ConnectProxy;
let dns: DnsFaults;
let secure: { port: number; close: () => Promise<void> };
let plain: { port: number; close: () => Promise<void> };
let caPem: string;
const names: (string | false | null | undefined)[] = [];

beforeAll(async () => {
  proxy = await startConnectProxy();
  const authority = await createAuthority();
  caPem = authority.caPem;
  const { certPem: cert, keyPem: key } = await authority.issue({ hosts: ['mcp.test'] });
  const server: HttpsServer = createHttps({ cert, key }, (_request, response) =>
    response.writeHead(401).end(),
  );
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false | null }) => {
    names.push(socket.servername);
  });
  secure = await listen(server);
  plain = await listen(createHttp((_request, response) => response.writeHead(401).end()));
  dns = await startDns({
    'mcp.test': { A: { says: 'answers', addresses: ['127.0.0.1'] } },
    'inside.test': { A: { says: 'answers', addresses: ['10.1.2.3'] } },
    'two.test': { A: { says: 'answers', addresses: ['127.0.0.9', '127.0.0.1'] } },
    'proxy.test': { A: { says: 'answers', addresses: ['127.0.0.1'] } },
  });
});
afterAll(async () => {
  await Promise.all([proxy.close(), secure.close(), plain.close(), dns.close()]);
});
beforeEach(() => proxy.reply(undefined));

const connector = (address = proxy.url, except: readonly string[] = []): Connector => ({
  resolve: resolver({ servers: [dns.server] }),
  guard: addressGuard({ allow: ['127.0.0.1/32', '127.0.0.9/32'] }),
  secureContext: trustStore(caPem),
  proxies: { https: new URL(address), http: new URL(address), except },
});

async function verdictOn(url: string, over = connector()) {
  const server = aServer({ url, type: 'sse', timeoutMs: 1_000 });
  const verdict = classify(await prober(over)(server, { classify: false }));
  return { told: 'reason' in verdict ? verdict.reason : verdict.kind, message: verdict.message };
}

/** What the proxy was asked for meanwhile. */
async function askedBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = proxy.asked().length;
  await work();
  return proxy.asked().slice(before);
}

describe('a server behind the proxy is reached', () => {
  test('over https: by the address that the guard has checked, with its name in SNI only', async () => {
    const asked = await askedBy(async () => {
      expect(await verdictOn(`https://mcp.test:${secure.port}/mcp`)).toMatchObject({
        told: 'AuthenticationRequired',
      });
    });
    const authority = `127.0.0.1:${secure.port}`;
    expect(asked).toEqual([`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`]);
    expect(names.at(-1)).toBe('mcp.test');
  });
  test('over http, through CONNECT as well', async () => {
    const asked = await askedBy(async () => {
      expect(await verdictOn(`http://mcp.test:${plain.port}/mcp`)).toMatchObject({
        told: 'AuthenticationRequired',
      });
    });
    expect(asked).toHaveLength(1);
  });
  test('an OAuth request goes the same way', async () => {
    const asked = await askedBy(async () => {
      const answer = await guardedFetch(connector())(`https://mcp.test:${secure.port}/token`);
      expect(answer.status).toBe(401);
    });
    expect(asked).toHaveLength(1);
  });
  test('through the next address when the proxy cannot reach the first', async () => {
    const { told } = await verdictOn(`http://two.test:${plain.port}/mcp`);
    expect(told).toBe('AuthenticationRequired');
  });
  test('when the proxy is given by name, with credentials', async () => {
    const { port } = new URL(proxy.url);
    const asked = await askedBy(() =>
      verdictOn(
        `http://mcp.test:${plain.port}/mcp`,
        connector(`http://ada:a%3Ab@proxy.test:${port}`),
      ),
    );
    const basic = Buffer.from('ada:a:b').toString('base64');
    expect(asked[0]).toContain(`\r\nProxy-Authorization: Basic ${basic}\r\n`);
  });
});

describe('the guard holds', () => {
  test.each(['http://inside.test:8080/', 'http://10.1.2.3:8080/', 'http://169.254.169.254/'])(
    '%s is refused, and the proxy is not asked',
    async (url) => {
      const asked = await askedBy(async () =>
        expect(await verdictOn(url)).toMatchObject({ told: 'BlockedByPolicy' }),
      );
      expect(asked).toEqual([]);
    },
  );
});

describe('what the proxy says', () => {
  const url = (): string => `http://mcp.test:${plain.port}/mcp`;
  test.each([
    ['HTTP/1.1 407 Proxy Authentication Required', 'asks for credentials'],
    ['HTTP/1.1 403 Forbidden', 'refuses CONNECT (HTTP 403)'],
    ['HTTP/1.1 405 Method Not Allowed', 'refuses CONNECT (HTTP 405)'],
    ['SSH-2.0', 'refuses CONNECT (HTTP 0)'],
  ])('%s is trouble of the prober', async (line, message) => {
    proxy.reply(`${line}\r\n\r\n`);
    const verdict = await verdictOn(url());
    expect(verdict).toMatchObject({ told: 'undecided' });
    expect(verdict.message).toContain(message);
  });
  test('nothing at all is trouble of the prober', async () => {
    proxy.reply('');
    expect(await verdictOn(url())).toMatchObject({ told: 'undecided' });
  });
  test.each([
    [502, 'HostUnreachable'],
    [503, 'HostUnreachable'],
    [504, 'Timeout'],
  ])('%i is about the server: %s', async (status, reason) => {
    proxy.reply(`HTTP/1.1 ${status} Odd\r\n\r\n`);
    expect(await verdictOn(url())).toMatchObject({ told: reason });
  });
  test('a proxy that is away, or whose name is unknown, is trouble of the prober', async () => {
    const { port, close } = await listen(createTcp());
    await close();
    expect(await verdictOn(url(), connector(`http://127.0.0.1:${port}`))).toMatchObject({
      told: 'undecided',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await verdictOn(url(), connector('http://gone.test:3128'))).toMatchObject({
      told: 'undecided',
      message: 'the outgoing proxy does not resolve: ENOTFOUND',
    });
  });
  test('a proxy that says nothing ends with the deadline, and nothing is left open', async () => {
    const silent = await listen(createTcp(() => {}));
    const started = performance.now();
    const target = { hostname: 'mcp.test', port: plain.port, secure: false };
    await expect(
      connect(target, connector(silent.url), AbortSignal.timeout(200)),
    ).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(450);
    void silent.close();
    await expect.poll(() => proxy.open()).toBe(0);
  });
  test('no message has the password', async () => {
    proxy.reply('HTTP/1.1 407 No\r\n\r\n');
    const { port } = new URL(proxy.url);
    const over = connector(`http://ada:the-password-of-ada@127.0.0.1:${port}`);
    expect(JSON.stringify(await verdictOn(url(), over))).not.toContain('the-password');
  });
});

describe('NO_PROXY', () => {
  const https = new URL('http://proxy.test:3128');
  const to = (hostname: string, except: readonly string[], port = 443) =>
    proxyTo({ hostname, port, secure: true }, { https, except });
  test.each([
    ['example.com', 'example.com'],
    ['mcp.example.com', 'example.com'],
    ['mcp.example.com.', 'EXAMPLE.com'],
    ['mcp.example.com', '.example.com'],
    ['mcp.example.com', '*.example.com'],
    ['mcp.example.com', 'mcp.example.com:443'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3', '10.0.0.0/8'],
    ['[fd00::1]', 'fd00::/8'],
    ['[fd00::1]', 'fd00::1'],
    ['[fd00::1]', '[fd00::1]:443'],
    ['anything.test', '*'],
  ])('%s is contacted directly with %s', (hostname, entry) => {
    expect(to(hostname, ['other.test', entry])).toBeUndefined();
  });
  test.each([
    ['notexample.com', 'example.com'],
    ['example.com.evil.test', 'example.com'],
    ['mcp.example.com', 'mcp.example.com:8443'],
    ['10.1.2.3', '11.0.0.0/8'],
    ['10.1.2.3', '2.3'],
    ['mcp.example.com', '10.0.0.0/8'],
    ['mcp.example.com', ''],
  ])('%s goes through the proxy with %j', (hostname, entry) => {
    expect(to(hostname, [entry])).toBe(https);
  });
  test('http and https have a proxy each', () => {
    const http = { hostname: 'mcp.test', port: 80, secure: false };
    expect(proxyTo(http, { https, except: [] })).toBeUndefined();
  });
  test('what is excepted does not ask the proxy', async () => {
    const asked = await askedBy(() =>
      verdictOn(`http://mcp.test:${plain.port}/mcp`, connector(proxy.url, ['mcp.test'])),
    );
    expect(asked).toEqual([]);
  });
});
