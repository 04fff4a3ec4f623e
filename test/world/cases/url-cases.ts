/** Odd addresses, headers, challenges and event streams that people really have. */
import { createServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { Certificate } from '../../../local/certificates.ts';
import { hasIPv6, listenOnBoth } from './both-families.ts';
import { type FaultCase, type Right, rightOf } from './fault-case.ts';
import { type Answers, asksForSignIn, says, speaksMcp, speaksMcpBut } from './mcp-answer.ts';
import { sseServer } from './sse-server.ts';

const asks = rightOf('connected AuthenticationRequired');
const responded = rightOf('connected Responded');
const open: Right = { ...responded, authRequired: 'False', speaksMcp: 'True' };
const refusedUnseen: Right = { ...responded, authRequired: 'Unknown' };

const invalid = rightOf('failed InvalidSpec');
const bearer = (challenge: string): Answers => says(401, { 'www-authenticate': challenge });
const forbids = (challenge: string): Answers => says(403, { 'www-authenticate': challenge });

/** Every form of a challenge, by the server's whole conduct. */
const challenges: readonly (readonly [string, Answers, Right, string?])[] = [
  ['401 Bearer', bearer('Bearer'), asks],
  ['401 bearer, lower case', bearer('bearer realm=x'), asks],
  ['401 Basic', bearer('Basic realm="x"'), asks],
  ['401 Negotiate', bearer('Negotiate'), asks],
  ['401 without a challenge', says(401), asks, 'MCP 2025-11-25, authorization'],
  [
    '401 with resource_metadata',
    bearer('Bearer resource_metadata="https://x.test/y"'),
    asks,
    'RFC 9728, section 5.1',
  ],
  ['401 with two challenges', bearer('Basic realm="a, b", Bearer realm="c"'), asks],
  ['401 with an open quotation', bearer('Bearer realm="'), asks],
  ['401 with a challenge of 10 KB', bearer(`Bearer realm="${'x'.repeat(10_240)}"`), asks],
  ['401 with a web page', says(401, { 'content-type': 'text/html' }, '<h1>Sign in</h1>'), asks],
  [
    '403 Bearer insufficient_scope',
    forbids('Bearer error="insufficient_scope"'),
    asks,
    'RFC 6750, section 3.1',
  ],
  ['403 bearer, lower case', forbids('bearer'), asks, 'RFC 9110, section 11.1'],
  ['403 Basic, then Bearer', forbids('Basic realm="a", Bearer'), asks],
  [
    '403 Basic whose realm speaks of Bearer',
    forbids('Basic realm="x, Bearer tokens are not for you"'),
    refusedUnseen,
    'RFC 9110, section 11.6.1',
  ],
  ['403 Bearer after a realm with a quotation mark', forbids('Basic realm="a\\"b", Bearer'), asks],
  ['403 with a parameter called bearer', forbids('Basic realm="a", bearer=1'), refusedUnseen],
  ['403 with another scheme that begins so', forbids('BearerX realm="a"'), refusedUnseen],
  // @upstash/context7-mcp 4.1.1: the challenge is on every status.
  ['405 and 200 with a challenge', withChallenge(speaksMcp), open, 'upstash/context7#2958'],
  // Discovery is open, tools/call is not: what was seen stays in the condition.
  ['lazy authentication', speaksMcp, open, 'preset-io/agor#1938, csharp-sdk#1866'],
  [
    '401 to the POST only',
    (request, response) =>
      (request.method === 'POST' ? asksForSignIn : says(404))(request, response),
    asks,
    'conformance auth servers',
  ],
  ['GET that is an event stream, without an end', speaksMcpBut(endless), open],
  ['GET that is 400', speaksMcpBut(says(400, {}, 'GET requires an Mcp-Session-Id header')), open],
  ['GET that is 406', speaksMcpBut(says(406)), open],
  ['GET that is 409', speaksMcpBut(says(409)), open],
  [
    'GET that is 404',
    speaksMcpBut(says(404, { 'content-type': 'text/html' }, '<h1>no</h1>')),
    open,
  ],
  ['GET that is 501', speaksMcpBut(says(501)), { ...open, reason: 'ServerError' }],
  ['GET that is 502', speaksMcpBut(says(502)), open, 'stacklok/toolhive#6497'],
  ['GET that is 504', speaksMcpBut(says(504)), open, 'cloudflare/cloudflared#1449'],
  ['GET that is 530', speaksMcpBut(says(530)), open],
  ['GET without an answer', speaksMcpBut((request) => void request.resume()), open, 'go-sdk#937'],
  ['GET that sends headers late', speaksMcpBut(late), open, 'rust-sdk#553'],
  [
    'a page of a bot check',
    says(403, { 'cf-mitigated': 'challenge', 'content-type': 'text/html' }, '<p>Just a moment</p>'),
    refusedUnseen,
  ],
  [
    'a landing page',
    says(200, { 'content-type': 'text/html' }, '<!doctype html>'),
    { ...responded, authRequired: 'Unknown', speaksMcp: 'False' },
    'modelcontextprotocol/registry#1487',
  ],
  ['many interim answers', interim, asks, 'RFC 9110, section 15.2'],
  [
    'cookies and 200 headers',
    says(401, Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y']))),
    asks,
  ],
];

function withChallenge(answers: Answers): Answers {
  return (request, response) => {
    response.setHeader('www-authenticate', 'Bearer');
    answers(request, response);
  };
}
function endless(...[request, response]: Parameters<Answers>): void {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(':\n\n');
}
function late(...[request, response]: Parameters<Answers>): void {
  request.resume();
  setTimeout(() => endless(request, response), 300);
}
function interim(...[request, response]: Parameters<Answers>): void {
  for (let count = 0; count < 30; count += 1)
    response.writeEarlyHints({ link: '</a>; rel=preload' });
  asksForSignIn(request, response);
}

/** Another way to write a server that is at 127.0.0.1 and ::1. */
const addresses: readonly (readonly [string, (port: number) => string, string?])[] = [
  ['a number', (port) => `http://2130706433:${port}/mcp`, 'WHATWG URL, IPv4 parser'],
  ['hexadecimal', (port) => `http://0x7f.1:${port}/mcp`],
  ['octal', (port) => `http://0177.0.0.1:${port}/mcp`],
  ['a short form', (port) => `http://127.1:${port}/mcp`],
  ['IPv4 in IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/mcp`],
  ['a long IPv6 address', (port) => `http://[0:0:0:0:0:0:0:1]:${port}/mcp`],
  ['upper case', (port) => `HTTP://FOUR.MCP.TEST:${port}/MCP`],
  ['a dot at the end', (port) => `http://four.mcp.test.:${port}/mcp`, 'traefik/traefik#9157'],
  ['an international name', (port) => `http://b\u00fccher.mcp.test:${port}/mcp`, 'RFC 5891'],
  ['an underscore', (port) => `http://my_server.mcp.test:${port}/mcp`],
  ['a digit first', (port) => `http://1st.mcp.test:${port}/mcp`],
  ['a query', (port) => `http://127.0.0.1:${port}/mcp?key=a%20b&x=%zz`],
  ['a fragment', (port) => `http://127.0.0.1:${port}/mcp#part`],
  ['no path', (port) => `http://127.0.0.1:${port}`],
  ['dots in the path', (port) => `http://127.0.0.1:${port}/a/../mcp`],
  ['spaces around it', (port) => `  http://127.0.0.1:${port}/mcp `],
];

const unusable: readonly (readonly [
  string,
  Pick<McpServer, 'url'> & { headers?: Record<string, string> },
])[] = [
  ['no address', { url: 'not a url' }],
  ['another scheme', { url: 'ftp://four.mcp.test/' }],
  ['a password in it', { url: 'http://ada:secret@127.0.0.1/' }],
  ['port 0', { url: 'http://127.0.0.1:0/' }],
  ['more than 2,048 characters', { url: `http://127.0.0.1/${'a'.repeat(2048)}` }],
  [
    'a header that steers the connection',
    { url: 'http://127.0.0.1:1/', headers: { 'Transfer-Encoding': 'chunked' } },
  ],
  [
    'a header with a line break',
    { url: 'http://127.0.0.1:1/', headers: { 'x-tenant': 'a\r\nhost: b' } },
  ],
  ['a label of 64 characters', { url: `http://${'a'.repeat(64)}.mcp.test/mcp` }],
];

/** `certificate` is for `four.mcp.test`. */
export async function urlCases({ certPem, keyPem }: Certificate): Promise<readonly FaultCase[]> {
  const cases: FaultCase[] = [];
  const put = (name: string, server: FaultCase['server'], right: Right, source?: string): void =>
    void cases.push({
      area: 'urls',
      name,
      server,
      right,
      ...(source === undefined ? {} : { source }),
    });
  for (const [name, answers, right, source] of challenges) {
    const port = await listenOnBoth(() => createServer(answers));
    put(name, { url: `http://127.0.0.1:${port}/mcp` }, right, source);
  }
  const port = await listenOnBoth(() => createServer(speaksMcp));
  for (const [name, url, source] of addresses)
    if (hasIPv6 || !name.includes('IPv6'))
      put(`an address with ${name}`, { url: url(port) }, open, source);
  for (const [name, spec] of unusable) put(`spec.url or spec.headers: ${name}`, spec, invalid);
  const secure = await listenOnBoth(() =>
    createHttps(
      {
        cert: certPem,
        key: keyPem,
        SNICallback: (name, done) => done(name.endsWith('.') ? new Error('no such name') : null),
      },
      speaksMcp,
    ),
  );
  put(
    'TLS, with a dot at the end of the host',
    { url: `https://four.mcp.test.:${secure}/mcp` },
    open,
    'traefik/traefik#9157; curl/curl#8320; RFC 6066, section 3',
  );
  const virtual = await listenOnBoth(() =>
    createServer((request, response) =>
      (request.headers.host === 'virtual.mcp.test' ? speaksMcp : says(421))(request, response),
    ),
  );
  put(
    'a virtual host of spec.headers',
    { url: `http://127.0.0.1:${virtual}/mcp`, headers: { Host: 'virtual.mcp.test' } },
    open,
  );
  const keyed = await listenOnBoth(() =>
    createServer((request, response) =>
      (request.headers['x-api-key'] === 'one' ? speaksMcp : asksForSignIn)(request, response),
    ),
  );
  put(
    'an API key of spec.headers',
    { url: `http://127.0.0.1:${keyed}/mcp`, headers: { 'X-API-Key': 'one' } },
    open,
  );
  put('the same without the key', { url: `http://127.0.0.1:${keyed}/mcp` }, asks);
  put(
    'a Service of the cluster',
    { url: 'http://mcp.default.svc.cluster.local:8080/mcp' },
    rightOf('failed DNSFailure'),
    'giantswarm/muster#71',
  );
  return [...cases, ...(await sseCases())];
}

const streams: readonly (readonly [string, Answers | string, Right])[] = [
  ['its first event', 'event: endpoint\ndata: SESSION\n\n', open],
  ['CRLF', 'event: endpoint\r\ndata: SESSION\r\n\r\n', open],
  ['a comment first', ': hello\n\nevent: endpoint\ndata: SESSION\n\n', open],
  ['a byte order mark', '\ufeffevent: endpoint\ndata: SESSION\n\n', open],
  ['data before the name', 'data: SESSION\nevent: endpoint\n\n', open],
  ['401', asksForSignIn, asks],
  ['405', says(405), refusedUnseen],
  ['404', says(404), rightOf('connected EndpointNotFound')],
  [
    'a web page',
    says(200, { 'content-type': 'text/html' }, '<h1>no</h1>'),
    { ...responded, speaksMcp: 'False' },
  ],
  ['503', says(503), rightOf('failing UpstreamUnavailable')],
  ['silence', (request) => void request.resume(), rightOf('failing Timeout')],
];

async function sseCases(): Promise<readonly FaultCase[]> {
  const cases: FaultCase[] = [];
  for (const [name, answers, right] of streams) {
    const port = await listenOnBoth(() =>
      createServer(typeof answers === 'string' ? sseServer(answers) : answers),
    );
    cases.push({
      area: 'urls',
      name: `type sse: ${name}`,
      source: 'MCP 2024-11-05, HTTP with SSE',
      server: { url: `http://127.0.0.1:${port}/sse`, type: 'sse' },
      right,
    });
  }
  return cases;
}
