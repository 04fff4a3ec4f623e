/** What the exchange of node makes of an answer is what the exchange of the prober makes of it. */
import { createSecureServer } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import {
  fetchBy,
  type GuardedFetch,
} from '../../../../functions/adapters/network/guarded-fetch.ts';
import { exchange } from '../../../../functions/adapters/network/http.ts';
import { nodeExchange } from '../../../../functions/adapters/network/node-exchange.ts';
import { selfSigned } from '../../../../local/certificates.ts';
import { listen } from '../../../../local/listen.ts';

// The first exchange with a body loads it, which may take longer than a request may here.
beforeAll(async () => void (await import('undici')));

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

const connector = (caPem?: string) => ({
  resolve: resolver(),
  guard: addressGuard({ allowLocal: true }),
  secureContext: trustStore(caPem),
});
const limits = { timeoutMs: 500, maxBytes: 1000 };

/** How often the other exchange was loaded, and a `fetch` by the one of node. */
function ours(caPem?: string): { readonly fetch: GuardedFetch; readonly others: () => number } {
  let others = 0;
  const load = async () => {
    others += 1;
    return exchange;
  };
  return { fetch: fetchBy(nodeExchange(load), connector(caPem), limits), others: () => others };
}

/** What a client sees of it. */
async function seen(fetch: GuardedFetch, url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' } });
    return { status: answer.status, headers: [...answer.headers], body: await answer.text() };
  } catch (error) {
    return error instanceof Error ? [error.name, error.message.replace(/:\d+/, '')] : error;
  }
}

async function serve(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  const { url, close } = await listen(server);
  ending.push(close);
  return url;
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

test.each([
  ['with a length', `${head}content-length: 2\r\n\r\n{}`],
  ['in chunks', `${head}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`],
  ['up to its end', `${head}connection: close\r\n\r\n{}`],
  [
    'after a hint',
    `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${head}content-length: 2\r\n\r\n{}`,
  ],
  [
    'with a header twice',
    `${head}cache-control: a\r\ncache-control: b\r\ncontent-length: 0\r\n\r\n`,
  ],
  ['with a type twice', `${head}content-type: text/html\r\ncontent-length: 0\r\n\r\n`],
  ['without content', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['that is not modified', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ['of an error', 'HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy'],
  ['elsewhere', 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'],
  ['of 30 KB of headers', `${head}x-filler: ${'x'.repeat(30_000)}\r\ncontent-length: 0\r\n\r\n`],
  [
    'with a long challenge',
    `${head}www-authenticate: ${'x'.repeat(9_000)}\r\ncontent-length: 0\r\n\r\n`,
  ],
  ['that is too long', `${head}content-length: 2000\r\n\r\n${'x'.repeat(2000)}`],
  ['of exactly the limit', `${head}content-length: 1000\r\n\r\n${'x'.repeat(1000)}`],
])('an answer %s', async (_what, raw) => {
  const url = await serve((socket) => socket.write(raw, () => socket.end()));
  const { fetch, others } = ours();
  expect(await seen(fetch, url)).toEqual(await seen(fetchBy(exchange, connector(), limits), url));
  expect(others()).toBe(0);
});

test.each([
  ['breaks off', (socket: Socket) => void socket.end(`${head}content-length: 9\r\n\r\n{`)],
  ['does not come', (socket: Socket) => void socket.write(`${head}content-length: 9\r\n\r\n`)],
  ['has no head', () => {}],
])('an answer that %s is an error within its time', async (_what, answer) => {
  const url = await serve(answer);
  const started = performance.now();
  const { fetch, others } = ours();
  expect(await seen(fetch, url)).toEqual(await seen(fetchBy(exchange, connector(), limits), url));
  expect(performance.now() - started).toBeLessThan(3_000);
  expect(others()).toBe(0);
});

test.each([
  ['is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['is nothing', ''],
  ['has 70 KB of headers', `${head}x-filler: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['has a space before a colon', `HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\n{}`],
  [
    'changes the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
  ],
])('an answer that %s is read by the other exchange', async (_what, raw) => {
  const url = await serve((socket) => socket.end(raw));
  const { fetch, others } = ours();
  expect(await seen(fetch, url)).toEqual(await seen(fetchBy(exchange, connector(), limits), url));
  expect(others()).toBe(1);
});

test('a server that speaks only HTTP/2 is asked by the other exchange', async () => {
  const { certPem: cert, keyPem: key } = await selfSigned({ hosts: ['localhost'] });
  const server = createSecureServer({ cert, key }, (_request, response) => response.end('{}'));
  const { port, close } = await listen(server);
  ending.push(close);
  const { fetch, others } = ours(cert);
  expect(await seen(fetch, `https://localhost:${port}/`)).toMatchObject({
    status: 200,
    body: '{}',
  });
  expect(others()).toBe(1);
});

test.each([
  ['an address that refuses', 'http://127.0.0.1:1/', 'ECONNREFUSED'],
  ['an address of a cloud’s metadata', 'http://169.254.169.254/', 'RefusedByPolicy'],
])('%s is not asked twice', async (_what, url, words) => {
  const { fetch, others } = ours();
  expect(JSON.stringify(await seen(fetch, url))).toContain(words);
  expect(others()).toBe(0);
});

test('an address that is not http is for the other exchange', async () => {
  const { fetch, others } = ours();
  expect(await seen(fetch, 'ftp://127.0.0.1/')).toEqual(
    await seen(fetchBy(exchange, connector(), limits), 'ftp://127.0.0.1/'),
  );
  expect(others()).toBe(1);
});

test('what changes something is sent by the other exchange alone', async () => {
  let requests = 0;
  const url = await serve((socket) => {
    requests += 1;
    socket.destroy();
  });
  const { fetch, others } = ours();
  await expect(fetch(url, { method: 'POST', body: 'a=b' })).rejects.toThrow();
  expect([requests, others()]).toEqual([1, 1]);
});

test('an abort before the answer is its reason', async () => {
  const url = await serve(() => {});
  const ending = new AbortController();
  const answer = ours().fetch(url, { signal: ending.signal });
  ending.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
});
