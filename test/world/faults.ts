/**
 * A process of its own with one listener for every way a server can answer, or fail to. Started by
 * `startFaultWorld`, which gets what it says through IPC.
 */
import { createSocket } from 'node:dgram';
import { createServer as createHttp, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import packet from 'dns-packet';
import { type Certificate, createAuthority, selfSigned } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import { defined } from '../../functions/model/defined.ts';
import { says, speaksMcp, speaksMcpBut } from './cases/mcp-answer.ts';

/** What the process sends to its parent. */
export type FaultWorld = {
  readonly urls: Readonly<Record<string, string>>;
  /** Resolvers, `address:port`. */
  readonly resolvers: {
    readonly answering: string;
    readonly failing: string;
    readonly silent: string;
  };
  readonly caPem: string;
};

const authority = await createAuthority();
const hour = 3_600_000;
const urls: Record<string, string> = {};

async function http(name: string, listener: RequestListener, path = '/mcp'): Promise<number> {
  const { url, port } = await listen(createHttp({ maxHeaderSize: 1024 * 1024 }, listener));
  urls[name] = `${url}${path}`;
  return port;
}

async function tcp(
  name: string,
  listener: (socket: Socket) => void,
  scheme = 'http',
): Promise<void> {
  const { port } = await listen(createTcp((socket) => listener(socket.on('error', () => {}))));
  urls[name] = `${scheme}://127.0.0.1:${port}/mcp`;
}

async function https(
  name: string,
  { certPem, keyPem }: Certificate,
  host = 'localhost',
): Promise<void> {
  const { port } = await listen(
    createHttps({ cert: certPem, key: keyPem }, (_request, response) => response.end('{}')),
  );
  urls[name] = `https://${host}:${port}/mcp`;
}

/** Answers as soon as the request is in; `raw` is what goes over the wire. */
const sends = (raw: string) => (socket: Socket) => socket.once('data', () => socket.end(raw));

const status =
  (code: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (_request, response) =>
    response.writeHead(code, headers).end(body);

function forever(response: ServerResponse, chunk: Buffer | string): void {
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', pour);
  };
  pour();
}

for (const code of [
  202, 400, 402, 403, 404, 405, 406, 407, 408, 409, 410, 415, 421, 451, 500, 501, 502, 503, 504,
  511, 520, 521, 522, 523, 524, 525, 526, 530,
]) {
  await http(String(code), status(code));
}
await http(
  '200 with JSON',
  speaksMcpBut(says(200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0"}')),
);
await http('200 with HTML', status(200, { 'content-type': 'text/html' }, '<h1>It works</h1>'));
await http('200 with an event stream that never ends', (_request, response) => {
  response
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write('event: endpoint\ndata: /messages\n\n');
});
await http(
  '401 with a challenge',
  status(401, { 'www-authenticate': 'Bearer resource_metadata="http://127.0.0.1/x"' }),
);
await http('401 without a challenge', status(401));
await http('401 whose body hangs', (_request, response) =>
  response.writeHead(401, { 'content-length': '100' }).write('{'),
);
await http(
  '403 with a Bearer challenge',
  status(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }),
);
await http('429 with Retry-After', status(429, { 'retry-after': '120' }));
await http('503 with Retry-After', status(503, { 'retry-after': '600' }));
await http('404 for GET, 401 for POST', (request, response) =>
  response.writeHead(request.method === 'POST' ? 401 : 404).end(),
);
await http('405 for GET, JSON-RPC for POST', speaksMcp);
await http('404 for GET, JSON-RPC for POST', speaksMcpBut(says(404)));
// modelcontextprotocol/rust-sdk#553, go-sdk#410: no headers before the first event.
await http(
  'silent GET, JSON-RPC for POST',
  speaksMcpBut(() => {}),
);
// Vexa-ai/vexa#795
await http('GET that is closed, 401 for POST', (request, response) =>
  request.method === 'POST' ? response.writeHead(401).end() : request.socket.end(),
);
// stacklok/toolhive#6497, mcp-lifecycle-operator#111
await http('503 for GET, JSON-RPC for POST', speaksMcpBut(says(503)));
// mcp-lifecycle-operator#145
await http('405 for GET, silence for POST', (request, response) => {
  if (request.method !== 'POST') response.writeHead(405).end();
});
// dynatrace-oss/dynatrace-mcp#540, apollographql/apollo-mcp-server#602: a check of the Host.
await http(
  '403 with a JSON-RPC error',
  status(403, {}, '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Invalid Host"}}'),
);
// Gzip members may be put one behind the other: 300 KB on the wire, 300 MB for a client
// that inflates them.
const bomb = Buffer.concat(Array.from({ length: 300 }, () => gzipSync(Buffer.alloc(1024 * 1024))));
await http('gzip bomb of 300 MB', (_request, response) =>
  response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
);
await http('endless body', (_request, response) =>
  forever(
    response.writeHead(200, { 'content-type': 'application/json' }),
    Buffer.alloc(64 * 1024, 0x20),
  ),
);
await http('headers over 16 KiB', status(200, { 'x-large': 'x'.repeat(20 * 1024) }));
await http('headers over 64 KiB', status(200, { 'x-large': 'x'.repeat(80 * 1024) }));
await http('103, then 200', (_request, response) => {
  response.writeEarlyHints({ link: '</a>; rel=preload' });
  response.writeHead(200).end();
});
await http(
  'redirect on the same host',
  (request, response) =>
    request.url === '/mcp/'
      ? response.writeHead(307, { location: '/mcp' }).end()
      : response.writeHead(401).end(),
  '/mcp/',
);
await http('redirect loop', status(302, { location: '/mcp' }));
await http(
  'redirect to a metadata address',
  status(302, { location: 'http://169.254.169.254/latest/meta-data/' }),
);
await http(
  'redirect to a login page elsewhere',
  status(302, { location: 'https://login.example.com/' }),
);
await http('redirect without an address', status(302));

await tcp('reset', (socket) => socket.once('data', () => socket.resetAndDestroy()));
await tcp('closed without an answer', (socket) => socket.once('data', () => socket.end()));
await tcp('accepts and stays silent', () => {});
await tcp('slow drip of headers', (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
  const drip = setInterval(() => socket.write('x'), 100);
  socket.once('close', () => clearInterval(drip));
});
await tcp('not HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'));
await tcp('a two-digit status', sends('HTTP/1.1 20 OK\r\n\r\n'));
await tcp(
  'two lengths',
  sends('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'),
);
await tcp(
  '101',
  sends('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
);
await tcp('101 without an upgrade', sends('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
await tcp('401, then reset', (socket) =>
  socket.once('data', () => {
    socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{', () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    );
  }),
);
await tcp(
  'TLS to a plain port',
  (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  'https',
);
await tcp('TLS handshake that stalls', () => {}, 'https');
await tcp(
  'closed in the TLS handshake',
  (socket) => socket.once('data', () => socket.end()),
  'https',
);

const valid = await authority.issue({ hosts: ['localhost'] });
await https('valid certificate', valid);
await https(
  'expired certificate',
  await authority.issue({
    hosts: ['localhost'],
    notBefore: new Date(Date.now() - 2 * hour),
    notAfter: new Date(Date.now() - hour),
  }),
);
await https(
  'certificate that is not valid yet',
  await authority.issue({ hosts: ['localhost'], notBefore: new Date(Date.now() + hour) }),
);
await https('self-signed certificate', await selfSigned({ hosts: ['localhost'] }));
await https(
  'certificate of an unknown authority',
  await (await createAuthority()).issue({ hosts: ['localhost'] }),
);
await https(
  'certificate for another host',
  await authority.issue({ hosts: ['elsewhere.example.com'] }),
);
urls['plain text to a TLS port'] = (urls['valid certificate'] ?? '').replace(
  'https://localhost',
  'http://127.0.0.1',
);
const toPlain = await http('target of the downgrade', status(200));
const downgrade = await listen(
  createHttps({ cert: valid.certPem, key: valid.keyPem }, (_request, response) =>
    response.writeHead(302, { location: `http://localhost:${toPlain}/mcp` }).end(),
  ),
);
urls['redirect from https to http'] = `https://localhost:${downgrade.port}/mcp`;

// The discard port: nothing listens there, and no other test is given it as a free one.
urls['refused'] = 'http://127.0.0.1:9/mcp';
// prometheus/blackbox_exporter#465
await http('redirect to a port without a server', status(307, { location: urls['refused'] }));
urls['refused on two addresses'] = (urls['refused'] ?? '').replace('127.0.0.1', 'localhost');

/** A resolver that knows `*.up.test`, says NXDOMAIN to the rest, or fails, or says nothing. */
async function resolverThat(behaves: 'answers' | 'fails' | 'stays silent'): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    if (behaves === 'stays silent') return;
    const { id, questions = [] } = packet.decode(message);
    const [question] = questions;
    const isUp = question?.name.endsWith('.up.test') ?? false;
    const hasData = isUp && question?.type === 'A';
    const rcode = behaves === 'fails' ? 2 : isUp ? 0 : 3;
    const answers = hasData
      ? [
          {
            type: 'A' as const,
            name: question.name,
            ttl: 1,
            data: question.name.startsWith('inside') ? '10.1.2.3' : '127.0.0.1',
          },
        ]
      : [];
    const reply = packet.encode(
      defined({
        type: 'response',
        id,
        flags: packet.RECURSION_DESIRED | rcode,
        questions,
        answers,
      }),
    );
    socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return `127.0.0.1:${socket.address().port}`;
}

const world: FaultWorld = {
  urls,
  resolvers: {
    answering: await resolverThat('answers'),
    failing: await resolverThat('fails'),
    silent: await resolverThat('stays silent'),
  },
  caPem: authority.caPem,
};
process.send?.(world);
process.once('disconnect', () => process.exit());
