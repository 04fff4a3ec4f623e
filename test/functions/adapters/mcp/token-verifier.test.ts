import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { tokenVerifier } from '../../../../functions/adapters/mcp/token-verifier.ts';
import { listen } from '../../../../local/listen.ts';
import { startMcpServer } from '../../../../local/mcp-servers.ts';
import { aServer } from '../../../world/server.ts';

const verifyToken = tokenVerifier(
  { guard: addressGuard({ allowLocal: true }), resolve: resolver(), secureContext: trustStore() },
  { timeoutMs: 1_500 },
);
const token = 'the-token-of-ada';

const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

/** A server that answers by hand; what it was asked is kept. */
async function strange(answer: RequestListener) {
  const asked: string[] = [];
  const { url, close } = await listen(
    createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const [, method = ''] = /"method":"([^"]*)"/.exec(body) ?? [];
        asked.push([request.method, method].filter((word) => word !== '').join(' '));
        Object.assign(request, { said: method });
        answer(request, response);
      });
    }),
  );
  closers.push(close);
  return { server: aServer({ url: `${url}/mcp` }), asked };
}

const methodOf = (request: object): unknown =>
  Object.entries(request).find(([name]) => name === 'said')?.[1];
const challenge = (words: string) => ({ 'www-authenticate': `Bearer ${words}` });

test('a real server without sign-in lets everybody in, and keeps no session', async () => {
  const open = await startMcpServer();
  closers.push(open.close);
  expect(await verifyToken(aServer({ url: open.url }), token)).toEqual({ kind: 'accepted' });
});

test('a modern server is asked once', async () => {
  const { server, asked } = await strange((_request, response) =>
    response.end('{"jsonrpc":"2.0","id":1,"result":{}}'),
  );
  expect(await verifyToken(server, token)).toEqual({ kind: 'accepted' });
  expect(asked).toEqual(['POST server/discover']);
});

test('an older server is asked to initialize, and its session is closed', async () => {
  const { server, asked } = await strange((request, response) => {
    if (methodOf(request) === 'initialize')
      response.setHeader('mcp-session-id', 's1').end('{"jsonrpc":"2.0","id":1,"result":{}}');
    else
      response
        .writeHead(request.method === 'DELETE' ? 200 : 400)
        .end('{"jsonrpc":"2.0","error":{"code":-32000}}');
  });
  expect(await verifyToken(server, token)).toEqual({ kind: 'accepted' });
  expect(asked).toEqual(['POST server/discover', 'POST initialize', 'DELETE']);
});

test('an error within a 200 proves nothing yet', async () => {
  const { server, asked } = await strange((request, response) => {
    if (methodOf(request) === 'initialize') response.writeHead(401).end();
    else response.end('{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}');
  });
  expect(await verifyToken(server, token)).toMatchObject({ kind: 'refused' });
  expect(asked).toEqual(['POST server/discover', 'POST initialize']);
});

test('the token and spec.headers go along; the token wins over a header of the manifest', async () => {
  const seen: (string | undefined)[] = [];
  const { server } = await strange((request, response) => {
    seen.push(request.headers.authorization, String(request.headers['x-tenant']));
    response.end('{"result":{}}');
  });
  await verifyToken(
    { ...server, headers: { Authorization: 'Basic of-the-manifest', 'X-Tenant': 'a' } },
    token,
  );
  expect(seen).toEqual([`Bearer ${token}`, 'a']);
});

test('a server of type sse is asked for its stream', async () => {
  const { server, asked } = await strange((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\n\n');
  });
  expect(await verifyToken({ ...server, type: 'sse' }, token)).toEqual({ kind: 'accepted' });
  expect(asked).toEqual(['GET']);
});

test('a redirect to another host is not followed: the token stays where it was sent', async () => {
  const elsewhere = await strange((_request, response) => response.end('{"result":{}}'));
  const { server } = await strange((_request, response) =>
    response.writeHead(307, { location: elsewhere.server.url ?? '' }).end(),
  );
  expect(await verifyToken(server, token)).toMatchObject({
    kind: 'unclear',
    message: expect.stringContaining('HTTP 307'),
  });
  expect(elsewhere.asked).toEqual([]);
});

// FastMCP and Starlette mounts: /mcp answers 307 to /mcp/, also to the token.
test.each([307, 308])(
  'a redirect with %i to a path of the same host is followed',
  async (status) => {
    const seen: string[] = [];
    const { server } = await strange((request, response) => {
      seen.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      if (request.url === '/mcp') response.writeHead(status, { location: '/mcp/' }).end();
      else response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
    });
    expect(await verifyToken(server, token)).toEqual({ kind: 'accepted' });
    expect(seen).toEqual([`/mcp Bearer ${token}`, `/mcp/ Bearer ${token}`]);
  },
);

test('a token that is refused behind a redirect is refused', async () => {
  const { server } = await strange((request, response) => {
    if (request.url === '/mcp') response.writeHead(307, { location: '/mcp/' }).end();
    else response.writeHead(401).end();
  });
  expect(await verifyToken(server, token)).toMatchObject({ kind: 'refused' });
});

test('redirects end after three, wherever they lead', async () => {
  const { server, asked } = await strange((request, response) =>
    response.writeHead(307, { location: `${request.url ?? ''}/again` }).end(),
  );
  expect(await verifyToken(server, token)).toMatchObject({
    kind: 'unclear',
    message: expect.stringContaining('HTTP 307'),
  });
  // One request and three redirects, then the handshake, which follows none.
  expect(asked).toHaveLength(5);
});

test.each([301, 302, 303])(
  'a POST is not repeated for %i, which would make it a GET',
  async (status) => {
    const { server, asked } = await strange((_request, response) =>
      response.writeHead(status, { location: '/mcp/' }).end(),
    );
    expect(await verifyToken(server, token)).toMatchObject({ kind: 'unclear' });
    expect(asked).toEqual(['POST server/discover', 'POST initialize']);
  },
);

// Class: the person has no license.
test('403 to everything says what it means', async () => {
  const { server } = await strange((_request, response) => response.writeHead(403).end());
  expect(await verifyToken(server, token)).toEqual({
    kind: 'unclear',
    message:
      'The server answered HTTP 403 to a request with your token: it does not let you in. Ask its owner for access.',
  });
});

const refusedFor = (code: string) => `The server refused the token: ${code}.`;

test.each([
  ['a bare 401', {}, 'The server refused the token.'],
  ['a 401 with a code', challenge('error="invalid_token"'), refusedFor('invalid_token')],
  [
    'a 401 with a reason in words',
    challenge('error="invalid_token", error_description="expired"'),
    refusedFor('invalid_token'),
  ],
  ['a 401 with a code of its own', challenge('error="no_luck"'), 'The server refused the token.'],
])('%s is a refusal, told without secrets', async (_sentence, headers, message) => {
  const { server } = await strange((_request, response) => response.writeHead(401, headers).end());
  expect(await verifyToken(server, token)).toEqual({ kind: 'refused', message });
});

/** As an issuer makes them: 900 characters that nobody could read. */
const jwt = ['eyJhbGciOiJFUzI1NiIsImtpZCI6Im1pbmUifQ', 'Zk3', 'xT9']
  .map((part, index) => part + randomBytes(index * 200).toString('base64url'))
  .join('.');
const inPieces = (length: number) => jwt.match(new RegExp(`.{1,${String(length)}}`, 'g')) ?? [];
const disguises: [string, (length: number) => string][] = [
  ['with blanks', (length) => inPieces(length).join(' ')],
  ['with dots', (length) => inPieces(length).join('. ')],
  ['between words', (length) => inPieces(length).join(' and ')],
  ['backwards', (length) => inPieces(length).toReversed().join(' ')],
  [
    'in hex',
    (length) =>
      inPieces(length)
        .map((one) => Buffer.from(one).toString('hex'))
        .join(' '),
  ],
];

test.each(disguises)(
  'a server that repeats the token in pieces %s has none of them stored',
  async (_sentence, disguise) => {
    for (const length of [1, 2, 3, 7, 8, 12, 19, 20, 64]) {
      const words = disguise(length).slice(0, 7_000);
      const kept: string[] = [];
      for (const [status, said] of [
        [401, challenge(`error="invalid_token", error_description="${words}"`)],
        [401, challenge(`error="${words}"`)],
        [403, challenge(`error="insufficient_scope", error_description="${words}"`)],
      ] as const) {
        const { server } = await strange((_request, response) =>
          response.writeHead(status, said).end(),
        );
        kept.push(JSON.stringify(await verifyToken(server, jwt)));
      }
      expect(kept).toEqual([
        JSON.stringify({ kind: 'refused', message: refusedFor('invalid_token') }),
        JSON.stringify({ kind: 'refused', message: 'The server refused the token.' }),
        JSON.stringify({ kind: 'insufficientScope', scopes: [] }),
      ]);
    }
  },
);

test.each([1, 2, 3, 5, 8, 12, 19, 40, 256])(
  'a server that demands pieces of %i characters of the token as scopes gets no scope stored',
  async (length) => {
    const scope = inPieces(length).join(' ');
    const { server } = await strange((_request, response) =>
      response.writeHead(403, challenge(`error="insufficient_scope", scope="${scope}"`)).end(),
    );
    const result = await verifyToken(server, jwt);
    // Pieces that occur once each: a repeated one breaks the row, and what is left is too little.
    const scopes = result.kind === 'insufficientScope' ? result.scopes.join('') : '';
    expect(scopes.length).toBeLessThan(length === 1 ? 101 : 8);
  },
);

test('scopes that have nothing to do with the token are kept beside one that quotes it', async () => {
  const scope = `mcp https://www.example.com/auth/drive.readonly ${jwt.slice(50, 90)}`;
  const { server } = await strange((_request, response) =>
    response.writeHead(403, challenge(`error="insufficient_scope", scope="${scope}"`)).end(),
  );
  expect(await verifyToken(server, jwt)).toEqual({
    kind: 'insufficientScope',
    scopes: ['mcp', 'https://www.example.com/auth/drive.readonly'],
  });
});

test('a 403 that names scopes asks for them', async () => {
  const { server } = await strange((_request, response) =>
    response.writeHead(403, challenge('error="insufficient_scope", scope="mcp admin"')).end(),
  );
  expect(await verifyToken(server, token)).toEqual({
    kind: 'insufficientScope',
    scopes: ['mcp', 'admin'],
  });
});

test.each([403, 404, 429, 500, 503])('a %i is neither yes nor no', async (status) => {
  const { server } = await strange((_request, response) => response.writeHead(status).end());
  expect(await verifyToken(server, token)).toMatchObject({
    kind: 'unclear',
    message: expect.stringContaining(`HTTP ${String(status)}`),
  });
});

test('a server that never answers, is away or is closed to us is neither yes nor no', async () => {
  const { server } = await strange(() => {});
  expect(await verifyToken(server, token)).toMatchObject({
    message: expect.stringContaining('no answer in time'),
  });
  expect(await verifyToken(aServer({ url: 'http://127.0.0.1:9/mcp' }), token)).toMatchObject({
    message: expect.stringContaining('ECONNREFUSED'),
  });
  expect(await verifyToken(aServer({ url: 'http://169.254.169.254/mcp' }), token)).toMatchObject({
    message: expect.stringContaining('metadata'),
  });
});

test.each([
  'https://mcp.team-a.svc/mcp',
  'https://mcp.team-a.svc.cluster.local:8443/mcp',
  'https://MCP.team-a.SVC./mcp',
  'https://pod-0.mcp.team-a.svc/mcp',
])('no token goes to %s, which is inside the cluster', async (url) => {
  const result = await verifyToken(aServer({ url }), token);
  expect(result).toMatchObject({
    kind: 'unclear',
    message: expect.stringMatching(/^No token was sent: .* is a name inside the cluster/),
  });
});
