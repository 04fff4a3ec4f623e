/** The sessions of the revisions of 2025: opened, kept, opened again, resumed and ended. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Asked, type OddServer, result, sendJson, startOddServer } from './odd-server.ts';
import { initialize, notification, type RawClient, request, startRawClient } from './raw-client.ts';
import { open, type ReleaseDesk, startReleaseDesk } from './release-desk.ts';

let desk: ReleaseDesk;
let server: OddServer;
let client: RawClient;
beforeAll(async () => {
  desk = await startReleaseDesk();
});
afterAll(() => desk.close());
beforeEach(async () => {
  server = await startOddServer((asked, response) => serve(asked, response));
  desk.answer = () => open(server.url);
  generation = 1;
  isLost = (asked) => asked.headers['mcp-session-id'] !== `session-${String(generation)}`;
  lost = (response) => void response.writeHead(404).end('Session not found');
  stream = (_asked, response) => void response.writeHead(405).end();
  calls = (asked, response) => sendJson(response, result(asked));
  client = startRawClient(desk);
  return async () => {
    await client.end();
    await server.close();
  };
});

/** Counts up with each start of the server. */
let generation: number;
let isLost: (asked: Asked) => boolean;
let lost: (response: ServerResponse) => void;
let stream: OddServer['respond'];
let calls: OddServer['respond'];

/** A server with sessions. */
function serve(asked: Asked, response: ServerResponse): void {
  const { method, json } = asked;
  if (json['method'] === 'initialize')
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'mcp-session-id': `session-${String(generation)}`,
      })
      .end(JSON.stringify(result(asked, { protocolVersion: '2025-06-18', capabilities: {} })));
  else if (isLost(asked)) lost(response);
  else if (method === 'GET') stream(asked, response);
  else if (json['id'] === undefined) response.writeHead(202).end();
  else calls(asked, response);
}

const events = (response: ServerResponse, text = ''): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (text !== '') response.write(text);
};
const data = (message: unknown, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;

async function greet(): Promise<void> {
  client.send(initialize());
  await client.answerTo('init');
  client.send(notification('notifications/initialized'));
}
const call = async (id: number, method = 'tools/call') => {
  client.send(request(id, method));
  return client.answerTo(id);
};
const methods = (): unknown[] =>
  server.asked.map(({ method, json }) =>
    method === 'POST' ? (json['method'] ?? 'answer') : method,
  );

test('a session is named in every message, with its revision, and DELETEd at the end of stdin', async () => {
  await greet();
  await call(1);
  await client.end();
  const [first, ...others] = server.asked;
  expect(first?.headers).not.toHaveProperty('mcp-session-id');
  expect(first?.headers).not.toHaveProperty('mcp-protocol-version');
  for (const { headers } of others)
    expect(headers).toMatchObject({
      'mcp-session-id': 'session-1',
      'mcp-protocol-version': '2025-06-18',
    });
  expect(methods().filter((method) => method !== 'GET')).toEqual([
    'initialize',
    'notifications/initialized',
    'tools/call',
    'DELETE',
  ]);
});

test('no message overtakes the handshake', async () => {
  let isInitialized = false;
  const { respond } = server;
  server.respond = (asked, response) => {
    if (asked.json['method'] !== 'notifications/initialized') return respond(asked, response);
    return void setTimeout(() => {
      isInitialized = true;
      respond(asked, response);
    }, 20);
  };
  calls = (asked, response) => sendJson(response, result(asked, { isInitialized }));
  client.send(initialize());
  client.send(notification('notifications/initialized'));
  expect(await call(1)).toMatchObject({ result: { isInitialized: true } });
});

describe('after a restart of the server', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['404', (response) => void response.writeHead(404).end('Session not found')],
    [
      '404 and JSON-RPC',
      (response) =>
        sendJson(
          response,
          { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'Session not found' } },
          404,
        ),
    ],
    [
      '400',
      (response) =>
        sendJson(
          response,
          { jsonrpc: '2.0', error: { code: -32_000, message: 'No valid session ID provided' } },
          400,
        ),
    ],
  ])(
    'that says %s, one handshake opens the session for all calls under way, unseen',
    async (_what, say) => {
      await greet();
      lost = say;
      await call(1);
      generation = 2;
      server.asked.length = 0;
      const answers = await Promise.all([2, 3, 4, 5, 6].map((id) => call(id)));
      expect(answers).toMatchObject([2, 3, 4, 5, 6].map((id) => ({ id, result: {} })));
      expect(methods().filter((method) => method === 'initialize')).toHaveLength(1);
      expect(methods().filter((method) => method === 'notifications/initialized')).toHaveLength(1);
      expect(client.messages.filter(({ id }) => id === 'init')).toHaveLength(1);
    },
  );

  test('the log level and the subscriptions of the client are set again', async () => {
    await greet();
    const set = async (id: number, method: string, params: object) => {
      client.send(request(id, method, params));
      await client.answerTo(id);
    };
    await set(1, 'logging/setLevel', { level: 'debug' });
    await set(2, 'resources/subscribe', { uri: 'file:///a' });
    await set(3, 'resources/subscribe', { uri: 'file:///b' });
    await set(4, 'resources/unsubscribe', { uri: 'file:///a' });
    await set(5, 'logging/setLevel', { level: 'error' });
    generation = 2;
    server.asked.length = 0;
    await call(6);
    const inNewSession = server.asked.filter(
      ({ method, headers }) => method === 'POST' && headers['mcp-session-id'] === 'session-2',
    );
    expect(inNewSession.map(({ json }) => [json['method'], json['params']])).toEqual([
      ['notifications/initialized', {}],
      ['logging/setLevel', { level: 'error' }],
      ['resources/subscribe', { uri: 'file:///b' }],
      ['tools/call', {}],
    ]);
    expect(client.messages.filter(({ id }) => id === 5)).toHaveLength(1);
  });

  test('an answer to the old session is not sent to the new one', async () => {
    await greet();
    await call(1);
    generation = 2;
    server.asked.length = 0;
    client.send({ jsonrpc: '2.0', id: 'of the server', result: {} });
    await call(2);
    expect(methods().filter((method) => method === 'answer')).toHaveLength(1);
  });

  test('a server that lets nothing in again says so to the message itself', async () => {
    await greet();
    await call(1);
    isLost = () => true;
    expect(await call(2)).toEqual({
      jsonrpc: '2.0',
      id: 2,
      error: {
        code: -32_001,
        message: 'default/server-a responded with HTTP 404: Session not found',
      },
    });
  });

  test('a method that is not found is no lost session', async () => {
    await greet();
    const error = { code: -32_601, message: 'Method not found' };
    calls = (asked, response) =>
      sendJson(response, { jsonrpc: '2.0', id: asked.json['id'], error }, 404);
    expect(await call(1)).toEqual({ jsonrpc: '2.0', id: 1, error });
    expect(methods().filter((method) => method === 'initialize')).toHaveLength(1);
  });
});

describe('the stream of the server', () => {
  test('brings what the server begins, and is resumed where it ended', async () => {
    let opened = 0;
    stream = (asked, response) => {
      opened += 1;
      if (opened === 1) {
        events(response, `retry: 100\n${data(notification('first'), 'e1')}`);
        response.end();
      } else
        events(response, data(notification(`after ${String(asked.headers['last-event-id'])}`)));
    };
    await greet();
    await client.received(({ method }) => method === 'first');
    await client.received(({ method }) => method === 'after e1');
    expect(opened).toBe(2);
  });

  test('is opened again for the new session when only the server has something to say', async () => {
    stream = (_asked, response) => {
      if (generation === 2) return events(response, data(notification('from the new one')));
      events(response, 'retry: 100\nid: e1\n\n');
      generation = 2;
      response.end();
    };
    await greet();
    await client.received(({ method }) => method === 'from the new one');
    expect(methods().filter((method) => method === 'initialize')).toHaveLength(2);
  });

  test('is not asked for again where there is none', async () => {
    await greet();
    for (const id of [1, 2, 3]) await call(id);
    expect(methods().filter((method) => method === 'GET')).toHaveLength(1);
  });
});

describe('an answer that breaks off', () => {
  /** The stream of a call that ends before the answer. */
  const cut: OddServer['respond'] = (asked, response) => {
    events(response, `retry: 100\nid: e1\ndata: \n\n${data(notification('progress'), 'e2')}`);
    setImmediate(() => response.destroy());
    cutId = asked.json['id'];
  };
  let cutId: unknown;

  test('is resumed after the last event, and comes once', async () => {
    calls = cut;
    await greet();
    stream = (asked, response) => {
      if (asked.headers['last-event-id'] === undefined) return void response.writeHead(405).end();
      const late = { jsonrpc: '2.0', id: cutId, result: { after: asked.headers['last-event-id'] } };
      return events(response, data(late, 'e3') + data(late, 'e4'));
    };
    expect(await call(1)).toMatchObject({ result: { after: 'e2' } });
    calls = (asked, response) => sendJson(response, result(asked));
    await call(2);
    expect(client.messages.filter(({ id }) => id === 1)).toHaveLength(1);
    expect(methods().filter((method) => method === 'tools/call')).toHaveLength(2);
  });

  test('and that no stream continues is an error that says what is not known', async () => {
    calls = cut;
    await greet();
    expect(await call(1)).toMatchObject({
      error: {
        message:
          'default/server-a ended its answer before it was complete. Whether the call was carried out is not known.',
      },
    });
    expect(methods().filter((method) => method === 'tools/call')).toHaveLength(1);
  });
});

test('a cancellation follows its request, and a late answer does not reach the client', async () => {
  let answerLate = () => {};
  calls = (asked, response) => {
    if (asked.json['id'] === 2) return sendJson(response, result(asked));
    events(response, data(notification('progress')));
    answerLate = () => void response.end(data(result(asked)));
  };
  await greet();
  client.send(request(1, 'tools/call'));
  client.send(notification('notifications/cancelled', { requestId: 1 }));
  await vi.waitFor(() => expect(methods()).toContain('notifications/cancelled'));
  answerLate();
  await call(2);
  expect(methods().indexOf('tools/call')).toBeLessThan(
    methods().indexOf('notifications/cancelled'),
  );
  expect(client.messages.filter(({ id }) => id === 1)).toEqual([]);
  expect(client.stderr()).toBe('');
});
