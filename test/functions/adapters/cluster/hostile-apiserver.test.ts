/** Whatever answers in place of the API server, a call ends soon, as a failure that names it. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { serverReader } from '../../../../functions/adapters/cluster/kubernetes.ts';
import { ClusterError } from '../../../../functions/model/cluster-error.ts';
import { listen } from '../../../../local/listen.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

async function served(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  const { url, close } = await listen(server);
  ending.push(close);
  return url;
}

const token = 'the-token-of-the-sweep';

/** Calls end after 400 ms or 100 kB, and nothing waits before a call is repeated. */
const connected = (url: string): Cluster => ({
  ...connectCluster({
    kubeconfig: stringify({
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'a', user: { token } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    }),
    timeoutMs: 400,
    mostBytes: 100_000,
  }),
  wait: async () => {},
});

async function failureOf(cluster: Cluster): Promise<ClusterError['failure']> {
  const started = performance.now();
  const outcome: unknown = await serverReader(cluster)('default', 'server-a').catch(
    (error: unknown) => error,
  );
  expect(performance.now() - started).toBeLessThan(5_000);
  if (!(outcome instanceof ClusterError))
    throw new Error(`no ClusterError, but ${String(outcome)}`);
  expect(outcome.message).not.toContain(token);
  return outcome.failure;
}

const json = { 'content-type': 'application/json' };

/** Goes on until the other side ends it. */
function endless(response: ServerResponse, chunk: Buffer, everyMs = 0): void {
  const go = (): void => {
    if (response.destroyed) return;
    response.write(chunk, () => (everyMs === 0 ? setImmediate(go) : setTimeout(go, everyMs)));
  };
  go();
}

const bomb = Buffer.concat(Array<Buffer>(50).fill(gzipSync(Buffer.alloc(1024 * 1024, 0x20))));

type Failure = { readonly reason: string; readonly [fact: string]: unknown };

const answers: readonly (readonly [what: string, (to: ServerResponse) => unknown, Failure])[] = [
  [
    'an endless answer',
    (to) => endless(to.writeHead(200, json), Buffer.alloc(64 * 1024, 0x20)),
    { reason: 'answerTooLarge' },
  ],
  [
    'an answer of one byte a moment',
    (to) => endless(to.writeHead(200, json), Buffer.from(' '), 20),
    { reason: 'timeout' },
  ],
  [
    'a head and no body',
    (to) => to.writeHead(200, { ...json, 'content-length': '10' }).flushHeaders(),
    { reason: 'timeout' },
  ],
  ['nothing', () => {}, { reason: 'timeout' }],
  [
    '50 MB in 50 kB of gzip',
    (to) => to.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(bomb),
    { reason: 'answerTooLarge' },
  ],
  [
    'text that is called gzip',
    (to) => to.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end('{}'),
    { reason: 'unreachable', code: 'Z_DATA_ERROR' },
  ],
  [
    'gzip that breaks off',
    (to) =>
      to
        .writeHead(200, { ...json, 'content-encoding': 'gzip' })
        .end(gzipSync('{"kind":"MCPServer"}').subarray(0, 20)),
    { reason: 'unreachable', code: 'Z_BUF_ERROR' },
  ],
  [
    '17 KB of headers',
    (to) => to.writeHead(200, { ...json, 'x-filler': 'x'.repeat(17 * 1024) }).end('{}'),
    { reason: 'unreachable', code: 'HPE_HEADER_OVERFLOW' },
  ],
];

test.each(answers)(
  '%s ends a call, and what was not read of it',
  async (_what, answer, failure) => {
    const unread = new Set<Promise<unknown>>();
    const server = createServer((_request, response) => {
      unread.add(once(response, 'close'));
      answer(response);
    });
    expect(await failureOf(connected(await served(server)))).toMatchObject(failure);
    await Promise.all(unread);
  },
);

const raw: readonly (readonly [what: string, bytes: string, Failure])[] = [
  [
    'another protocol',
    'SSH-2.0-OpenSSH_9.9\r\n',
    { reason: 'unreachable', code: 'HPE_INVALID_CONSTANT' },
  ],
  [
    'a change of the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    { reason: 'unreachable', code: 'ERR_UPGRADE' },
  ],
  [
    'half an answer',
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"metadata"',
    { reason: 'unreachable', code: 'ECONNRESET' },
  ],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    { reason: 'unreachable', code: 'HPE_UNEXPECTED_CONTENT_LENGTH' },
  ],
  ['the end', '', { reason: 'unreachable', code: 'ECONNRESET' }],
];

test.each(raw)('%s is a failure that names its code', async (_what, bytes, failure) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  expect(await failureOf(connected(await served(server)))).toMatchObject(failure);
});

test.each([301, 302, 303, 307, 308])('a %i takes the token nowhere', async (status) => {
  const elsewhere: string[] = [];
  const other = await served(
    createServer(({ headers }, response) => {
      elsewhere.push(headers.authorization ?? '');
      response.writeHead(200, json).end('{}');
    }),
  );
  const url = await served(
    createServer((_request, response) => response.writeHead(status, { location: other }).end()),
  );
  expect(await failureOf(connected(url))).toMatchObject({ reason: 'unexpectedStatus', status });
  expect(elsewhere).toEqual([]);
});

test('hints before the answer are passed over', async () => {
  const object = { metadata: { name: 'a', namespace: 'b', uid: 'c' } };
  const url = await served(
    createServer((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeProcessing();
      response.writeHead(200, json).end(JSON.stringify(object));
    }),
  );
  expect(await failureOf(connected(url))).toMatchObject({ reason: 'malformedServer' });
});
