/** What servers and networks do to the messages of one client, and what it gets to see. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listen } from '../../../local/listen.ts';
import {
  obliging,
  type OddServer,
  result,
  sendEvents,
  sendJson,
  startOddServer,
} from './odd-server.ts';
import {
  initialize,
  notification,
  type RawClient,
  request,
  startRawClient,
  stateless,
} from './raw-client.ts';
import { open, type ReleaseDesk, startReleaseDesk, token } from './release-desk.ts';

let desk: ReleaseDesk;
let server: OddServer;
beforeAll(async () => {
  desk = await startReleaseDesk();
});
afterAll(() => desk.close());
beforeEach(async () => {
  server = await startOddServer(obliging);
  desk.answer = () => open(server.url);
  desk.asked.length = 0;
  return () => server.close();
});

/** Runs with one bridge, which is ended whatever happens. */
async function withBridge<Value>(
  use: (client: RawClient) => Promise<Value>,
  name?: string,
): Promise<Value> {
  const client = startRawClient({ ...desk, ...(name === undefined ? {} : { name }) });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const call = request(1, 'tools/call', { name: 'echo', arguments: {} });
const answerOf = (message: object = call, id: unknown = 1) =>
  withBridge((client) => {
    client.send(message);
    return client.answerTo(id);
  });
const unknown =
  'default/server-a ended its answer before it was complete. Whether the call was carried out is not known.';

describe('answers', () => {
  test('keep the fields that no schema knows, in both directions', async () => {
    server.respond = (asked, response) =>
      sendJson(response, { ...result(asked, { big: 'x' }), extra: { kept: true } });
    const answer = await answerOf({ ...call, trace: 'abc' });
    expect(server.asked[0]?.json).toEqual({ ...call, trace: 'abc' });
    expect(answer).toMatchObject({ extra: { kept: true } });
  });

  test('keep numbers that JavaScript cannot hold', async () => {
    server.respond = (_asked, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890}}');
    await withBridge(async (client) => {
      client.write('{"jsonrpc":"2.0","id":1,"method":"m","params":{"n":98765432109876543210}}\n');
      await client.answerTo(1);
      expect(client.lines[0]).toContain('12345678901234567890');
      expect(server.asked[0]?.text).toContain('98765432109876543210');
    });
  });

  test.each([
    ['with CRLF', 'event: message\r\nid: 1\r\ndata: JSON\r\n\r\n'],
    ['in several data lines', ': hello\n\ndata: JSON\ndata: \n\n'],
    ['beside other events', 'event: ping\ndata: {}\n\ndata: JSON\n\n'],
  ])('are found in a stream %s', async (_what, text) => {
    server.respond = (asked, response) =>
      sendEvents(response, text.replace('JSON', JSON.stringify(result(asked, { ok: true }))));
    expect(await answerOf()).toMatchObject({ result: { ok: true } });
  });

  test('arrive whole when the stream comes byte by byte', async () => {
    const value = { text: 'a\u2028b é 漢字 \u{1F600}' };
    server.respond = (asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of Buffer.from(`data: ${JSON.stringify(result(asked, value))}\r\n\r\n`))
        response.write(Buffer.from([byte]));
      response.end();
    };
    expect(await answerOf()).toMatchObject({ result: value });
  });

  test('and requests may hold line separators of Unicode', async () => {
    const odd = { name: 'a\u2028b\u2029c\u0085d' };
    await answerOf(request(1, 'tools/call', odd));
    expect(server.asked[0]?.json['params']).toEqual(odd);
  });

  test('are written in one line, however the server lays out its JSON', async () => {
    server.respond = (asked, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(result(asked, { a: [1, 2] }), undefined, 2).replaceAll('\n', '\r\n'));
    await withBridge(async (client) => {
      client.send(call);
      expect(await client.answerTo(1)).toMatchObject({ result: { a: [1, 2] } });
      expect(client.lines[0]).not.toMatch(/[\r\n]/);
    });
  });

  test('to a batch come one by one', async () => {
    await withBridge(async (client) => {
      client.send([request(1, 'a'), notification('b'), request(2, 'c')]);
      expect(await client.answerTo(1)).toMatchObject({ result: {} });
      expect(await client.answerTo(2)).toMatchObject({ result: {} });
    });
    expect(new Set(server.asked.map(({ json }) => json['method']))).toEqual(
      new Set(['a', 'b', 'c']),
    );
  });

  test('to what is no JSON-RPC are parse errors, and the bridge continues', async () => {
    await withBridge(async (client) => {
      client.write('hello\n\n[]\n');
      client.send(call);
      expect(await client.answerTo(1)).toMatchObject({ result: {} });
      expect(client.messages.filter(({ id }) => id === null)).toHaveLength(2);
      expect(client.messages[0]).toMatchObject({ error: { code: -32_700 } });
    });
  });
});

describe('errors', () => {
  test.each([404, 400, 500])('of JSON-RPC in HTTP %i pass with code and data', async (status) => {
    const error = { code: -32_601, message: 'No such method', data: { method: 'x' } };
    server.respond = (asked, response) =>
      sendJson(response, { jsonrpc: '2.0', id: asked.json['id'], error }, status);
    expect(await answerOf()).toEqual({ jsonrpc: '2.0', id: 1, error });
  });

  test('without an id belong to the request that they answer', async () => {
    const error = { code: -32_000, message: 'Server not initialized' };
    server.respond = (_asked, response) =>
      sendJson(response, { jsonrpc: '2.0', id: null, error }, 400);
    await withBridge(async (client) => {
      client.send(stateless('probe', 'server/discover'));
      expect(await client.answerTo('probe')).toEqual({ jsonrpc: '2.0', id: 'probe', error });
      expect(client.stderr()).toBe('');
    });
  });

  test('of JSON-RPC without an id, with HTTP 200, do so also', async () => {
    const error = { code: -32_700, message: 'Parse error' };
    server.respond = (_asked, response) => sendJson(response, { jsonrpc: '2.0', id: null, error });
    expect(await answerOf()).toEqual({ jsonrpc: '2.0', id: 1, error });
  });

  test.each([
    [
      503,
      'Service\n\u0007 Unavailable',
      'default/server-a responded with HTTP 503: Service Unavailable',
    ],
    [404, '', 'default/server-a responded with HTTP 404.'],
    [418, 'x y '.repeat(100), /^default\/server-a responded with HTTP 418: [x y]{199}…$/],
  ])('of HTTP %i show the status and the beginning of the text', async (status, text, shown) => {
    server.respond = (_asked, response) => void response.writeHead(status).end(text);
    const message = expect.stringMatching(
      typeof shown === 'string' ? `^${shown.replaceAll('.', '\\.')}$` : shown,
    );
    expect(await answerOf()).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32_001, message } });
  });

  test('of HTTP to the first question of a client leave no line in its log', async () => {
    server.respond = (_asked, response) => void response.writeHead(405).end();
    await withBridge(async (client) => {
      client.send(stateless(1, 'server/discover'));
      expect(await client.answerTo(1)).toMatchObject({ error: { code: -32_001 } });
      expect(client.stderr()).toBe('');
    });
  });

  test('show once on stderr, however often a client tries', async () => {
    server.respond = (_asked, response) => void response.writeHead(503).end();
    await withBridge(async (client) => {
      for (const id of [1, 2, 3]) {
        client.send(request(id, 'ping'));
        await client.answerTo(id);
      }
      expect(client.stderr()).toBe('default/server-a responded with HTTP 503.\n');
    });
  });

  test.each([
    ['same origin', '/other', '/other'],
    ['another origin', 'https://example.com/mcp?code=1', 'https://example.com/mcp?[left out]'],
  ])('say where a redirect leads, to the %s, and do not follow it', async (_what, to, shown) => {
    server.respond = (_asked, response) => void response.writeHead(307, { location: to }).end();
    expect(await answerOf()).toMatchObject({
      error: {
        code: -32_001,
        message: `default/server-a redirects to ${shown} (HTTP 307). Redirects are not followed. Ask the owner of default/server-a to correct its URL.`,
      },
    });
    expect(server.asked).toHaveLength(1);
  });

  test('say that a page is no answer', async () => {
    server.respond = (_asked, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>');
    expect(await answerOf()).toMatchObject({
      error: {
        message: 'default/server-a responded with text/html instead of a JSON-RPC message.',
      },
    });
  });

  test('say that a request was only accepted', async () => {
    server.respond = (_asked, response) => void response.writeHead(202).end();
    expect(await answerOf()).toMatchObject({
      error: {
        message:
          'default/server-a responded with HTTP 202 and no content instead of a JSON-RPC message.',
      },
    });
  });

  test('name the sign-in that brings the missing scopes', async () => {
    const challenge = 'Bearer error="insufficient_scope", scope="write"';
    server.respond = (_asked, response) =>
      void response.writeHead(403, { 'www-authenticate': challenge }).end('Forbidden');
    expect(await answerOf()).toMatchObject({
      error: {
        message:
          'default/server-a requires more scopes than your token has (HTTP 403). Run: muster auth login --server default/server-a',
      },
    });
  });

  test.each<[string, OddServer['respond']]>([
    ['its stream', (_asked, response) => sendEvents(response, 'data: {"jsonrpc":\n\n')],
    ['its stream, before any event', (_asked, response) => sendEvents(response, '')],
    [
      'its JSON',
      (_asked, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 99 });
        response.write('{"jsonrpc":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['the connection', (_asked, response) => void response.destroy()],
    [
      'half of its JSON',
      (_asked, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":'),
    ],
  ])(
    'are exact when the server ends %s early, and nothing is sent twice',
    async (_what, respond) => {
      server.respond = respond;
      expect(await answerOf()).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32_001, message: unknown },
      });
      expect(server.asked).toHaveLength(1);
    },
  );

  test('name the next command when nothing listens', async () => {
    desk.answer = () => open('http://127.0.0.1:9/mcp');
    expect(await answerOf()).toMatchObject({
      error: {
        message:
          'default/server-a: connection refused. To see whether it is down for everyone, run: muster check default/server-a',
      },
    });
  });

  test('say that what listens there does not speak HTTP', async () => {
    const other = await listen(
      createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n')),
    );
    desk.answer = () => open(`${other.url}/mcp`);
    expect(await answerOf()).toMatchObject({
      error: { message: expect.stringContaining('not valid HTTP') },
    });
    await other.close();
  });

  test('end when the server is back, without a restart of the bridge', async () => {
    const { port } = server;
    await server.close();
    await withBridge(async (client) => {
      client.send(call);
      expect(await client.answerTo(1)).toMatchObject({ error: { code: -32_001 } });
      server = await startOddServer(obliging, port);
      client.send({ ...call, id: 2 });
      expect(await client.answerTo(2)).toMatchObject({ result: {} });
    });
  });
});

describe('the token', () => {
  /** Lets in what bears this token. */
  const lets =
    (good: string): OddServer['respond'] =>
    (asked, response) =>
      asked.headers.authorization === `Bearer ${good}`
        ? obliging(asked, response)
        : void response
            .writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
            .end();

  test('goes along, and is asked for once', async () => {
    server.respond = lets('one');
    desk.answer = () => token(server.url, 'one');
    await withBridge(async (client) => {
      for (const id of [1, 2, 3]) client.send({ ...call, id });
      for (const id of [1, 2, 3]) expect(await client.answerTo(id)).toMatchObject({ result: {} });
    });
    expect(desk.asked).toEqual([{}]);
    expect(desk.paths.at(-1)).toBe('POST /v1/mcpservers/default/server-a/session/token');
  });

  test('that the server refuses is renewed once, however many calls are under way', async () => {
    server.respond = lets('two');
    desk.answer = (body) => token(server.url, JSON.stringify(body) === '{}' ? 'one' : 'two');
    await withBridge(async (client) => {
      for (let id = 1; id <= 20; id += 1) client.send({ ...call, id });
      for (let id = 1; id <= 20; id += 1)
        expect(await client.answerTo(id)).toMatchObject({ result: {} });
    });
    expect(desk.asked).toEqual([{}, { stale: 'one' }]);
  });

  test('that is refused twice ends with the next command, and the endpoint learns of it', async () => {
    server.respond = lets('none of them');
    desk.answer = (body) => {
      const text = JSON.stringify(body);
      if (text.includes('refused'))
        return {
          status: 409,
          body: { title: 'You are not signed in to default/server-a (Expired)', hint: 'Run: x' },
        };
      return token(server.url, text === '{}' ? 'one' : 'two');
    };
    expect(await answerOf()).toMatchObject({
      error: {
        code: -32_001,
        message:
          'default/server-a does not take your token (401). Run: muster auth login --server default/server-a',
      },
    });
    expect(desk.asked).toEqual([{}, { stale: 'one' }, { refused: 'two' }]);
  });

  test.each([
    [
      'no session',
      {
        status: 409,
        body: {
          title: 'You are not signed in to default/server-b (Pending Auth)',
          hint: 'Run: muster auth login --server default/server-b',
        },
      },
      'server-b: you are not signed in (Pending Auth). Run: muster auth login --server server-b',
    ],
    [
      'a session that has ended',
      {
        status: 409,
        body: {
          title: 'You are not signed in to default/server-b (Expired)',
          detail: 'The issuer refused the refresh',
          hint: 'Run: muster auth login --server default/server-b',
        },
      },
      'server-b: you are not signed in (Expired). Run: muster auth login --server server-b',
    ],
    [
      'an endpoint that releases none',
      {
        status: 403,
        body: {
          title: 'Tokens are not released',
          detail: 'This endpoint releases no tokens.',
          hint: 'The owner of the endpoint can allow it with the setting RELEASE_TOKENS.',
        },
      },
      'This endpoint releases no tokens. Its owner can allow it: RELEASE_TOKENS.',
    ],
  ])(
    'is missing with %s: the error has the next command, and a sign-in ends it',
    async (_what, refusal, message) => {
      desk.answer = () => refusal;
      await withBridge(async (client) => {
        client.send(initialize());
        expect(await client.answerTo('init')).toMatchObject({ error: { code: -32_001, message } });
        expect(client.stderr()).toBe(`${message}\n`);
        desk.answer = () => token(server.url, 'one');
        client.send({ ...call, id: 2 });
        expect(await client.answerTo(2)).toMatchObject({ result: {} });
      }, 'server-b');
    },
  );
});
