/** The transport of 2024-11-05, with servers that were started again or are odd. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type OddServer, result, startOddServer } from './odd-server.ts';
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
  server = await startOddServer(serve);
  desk.answer = () => open(server.url, 'sse');
  [streams, address, answers] = [[], () => `/messages?session=${String(streams.length)}`, true];
  client = startRawClient(desk);
  return async () => {
    await client.end();
    await server.close();
  };
});

/** The streams that were opened, in order; the last one is the session that is known. */
let streams: ServerResponse[];
let address: () => string;
/** Whether calls are answered. */
let answers: boolean;

const serve: OddServer['respond'] = ({ method, path, json }, response) => {
  if (method === 'GET') {
    streams.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: endpoint\r\ndata: ${address()}\r\n\r\n`);
  } else if (!path.endsWith(`=${String(streams.length)}`))
    response.writeHead(404).end('No session');
  else {
    response.writeHead(202).end('Accepted');
    const isAnswered = json['method'] !== 'tools/call' || answers;
    const answer = result({ json }, { protocolVersion: '2024-11-05', capabilities: {} });
    if (json['id'] !== undefined && isAnswered)
      streams.at(-1)?.write(`event: message\r\ndata: ${JSON.stringify(answer)}\r\n\r\n`);
  }
};

async function greet(): Promise<void> {
  client.send(initialize());
  await client.answerTo('init');
  client.send(notification('notifications/initialized'));
}
const call = (id: number) => {
  client.send(request(id, 'tools/call'));
  return client.answerTo(id);
};
const methods = () => server.asked.flatMap(({ json }) => json['method'] ?? []);

test('a message is posted where the stream says, and its answer is read from the stream', async () => {
  await greet();
  expect(await call(1)).toMatchObject({ id: 1, result: {} });
  expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /mcp',
    'POST /messages?session=1',
    'POST /messages?session=1',
    'POST /messages?session=1',
  ]);
});

test('nothing is posted to another host', async () => {
  const other = await startOddServer(serve);
  address = () => other.url;
  client.send(initialize());
  expect(await client.answerTo('init')).toMatchObject({
    error: {
      code: -32_001,
      message: `default/server-a names another address for messages: ${other.url}. Nothing is sent to another host.`,
    },
  });
  expect(other.asked).toEqual([]);
  await other.close();
});

test('a stream that breaks during a call makes an error, and is opened again with the handshake', async () => {
  await greet();
  client.send(request('level', 'logging/setLevel', { level: 'debug' }));
  await client.answerTo('level');
  await call(1);
  answers = false;
  const answer = call(2);
  await vi.waitFor(() => expect(server.asked.at(-1)?.json['id']).toBe(2));
  streams.at(-1)?.destroy();
  expect(await answer).toMatchObject({
    error: {
      message:
        'default/server-a ended its answer before it was complete. Whether the call was carried out is not known.',
    },
  });
  answers = true;
  // Before the client has anything to say.
  await vi.waitFor(() => expect(streams).toHaveLength(2), 3_000);
  streams.at(-1)?.write('data: {"jsonrpc":"2.0","method":"notifications/news"}\n\n');
  await client.received(({ method }) => method === 'notifications/news');
  expect(await call(3)).toMatchObject({ id: 3, result: {} });
  expect(methods().filter((method) => method === 'tools/call')).toHaveLength(3);
  expect(methods().filter((method) => method === 'initialize')).toHaveLength(2);
  expect(methods().filter((method) => method === 'logging/setLevel')).toHaveLength(2);
  expect(client.messages.filter(({ id }) => id === 'init')).toHaveLength(1);
});

test('a session that the server has forgotten is opened again, and the message sent again', async () => {
  await greet();
  await call(1);
  // As after a restart behind a proxy that keeps the old stream.
  streams.push(...streams);
  expect(await call(2)).toMatchObject({ id: 2, result: {} });
  expect(methods().filter((method) => method === 'initialize')).toHaveLength(2);
});

test('a page instead of a stream is an error', async () => {
  server.respond = (_asked, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>');
  client.send(initialize());
  expect(await client.answerTo('init')).toMatchObject({
    error: { message: 'default/server-a responded with text/html instead of a JSON-RPC message.' },
  });
});
