/** What is read without undici is what undici makes of it, and what is sent as well. */
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { headExchange } from '../../../../functions/adapters/network/head-exchange.ts';
import type { ProbeRequest } from '../../../../functions/adapters/network/http-exchange.ts';
import { outcomeOf } from '../../../../functions/adapters/network/network-error.ts';
import { undiciExchange } from '../../../../functions/adapters/network/undici-exchange.ts';
import { listen } from '../../../../local/listen.ts';
import { headRows } from '../../../world/cases/head-rows.ts';
import { type PacedServer, startPacedServer } from '../../../world/paced-server.ts';

const connector = {
  resolve: resolver(),
  guard: addressGuard({ allowLocal: true }),
  secureContext: trustStore(),
};
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});
let paced: PacedServer;
beforeAll(async () => {
  paced = await startPacedServer();
});
afterAll(() => paced.close());

type Sent = Pick<ProbeRequest, 'method' | 'headers'>;
const get: Sent = { method: 'GET', headers: { accept: 'text/event-stream' } };

/** What each of the two makes of the same. */
const ways = (url: string, sent: Sent) => {
  const request = { url: new URL(url), ...sent };
  return [
    () => headExchange(request, connector, AbortSignal.timeout(2_000), () => {}),
    () => undiciExchange('http/1.1', request, connector, AbortSignal.timeout(2_000), () => {}),
  ] as const;
};

async function seen(exchange: ReturnType<typeof ways>[number]): Promise<unknown> {
  try {
    const { status, headers } = await exchange();
    return { status, headers };
  } catch (error) {
    return outcomeOf(error, 'headers', {});
  }
}

describe('an answer is what undici makes of it', () => {
  const more: readonly (readonly [what: string, bytes: string])[] = [
    ['a usual one', 'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer a="b"\r\nX:\t y\r\n\r\n'],
    ['a header that comes twice', 'HTTP/1.1 401 No\r\nA: 1\r\nb: 2\r\na: 3\r\n\r\n'],
    [
      'a challenge that was renamed',
      'HTTP/1.1 401 No\r\nX-Amzn-Remapped-WWW-Authenticate: B\r\n\r\n',
    ],
    ['an empty value', 'HTTP/1.1 200 OK\r\nx:\r\n\r\n'],
    ['a no-break space around a value', 'HTTP/1.1 200 OK\r\nx: \u00a0y\u00a0\r\n\r\n'],
    ['nothing', ''],
    ['half of a head', 'HTTP/1.1 401 No\r\nx: y'],
  ];
  const rows = [...headRows, ...more].map(([what, bytes]) => [what, bytes] as const);
  test.each(rows)('%s', async (_what, bytes) => {
    for (const end of ['close', 'reset'] as const) {
      paced.say({ bytes, end, pieces: 2 });
      const [ours, undici] = ways(paced.url, get);
      const { detail: _ours, ...mine } = Object(await seen(ours));
      const { detail: _undici, ...theirs } = Object(await seen(undici));
      expect(mine).toEqual(theirs);
    }
  });
});

test('blanks around a value are no part of it', async () => {
  paced.say({ bytes: 'HTTP/1.1 200 OK\r\nx: \t y z \t\r\n\r\n', end: 'close' });
  expect(await seen(ways(paced.url, get)[0])).toEqual({ status: 200, headers: { x: 'y z' } });
});

async function heard(sent: Sent, path: string): Promise<readonly string[]> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      requests.push(chunk.toString('latin1'));
      socket.end('HTTP/1.1 204 \r\n\r\n');
    });
  });
  const { url, close } = await listen(server);
  ending.push(close);
  for (const way of ways(`${url}${path}`, sent)) await way();
  return requests;
}

describe('a request has the bytes of one of undici', () => {
  test.each<[string, Sent, string]>([
    ['GET', get, '/mcp?a=b%20c#d'],
    ['DELETE', { method: 'DELETE', headers: { 'mcp-session-id': 'a' } }, '/'],
    ['another host', { method: 'GET', headers: { Host: 'mcp.example.com', 'X-A': 'b' } }, '/mcp'],
    ['values in latin1', { method: 'GET', headers: { 'x-a': 'Zo\u00eb\t', 'x-b': '' } }, '/mcp'],
  ])('%s', async (_what, sent, path) => {
    const [ours, theirs] = await heard(sent, path);
    expect(ours).toBe(theirs);
  });
});

describe('what must not be sent is refused, without its value, and no connection is opened', () => {
  test.each<[string, string]>([
    ['bad name', 'secret'],
    ['', 'secret'],
    ['x', 'secret\r\ny: z'],
    ['x', 'secret\u0000'],
    ['x', 'secret\u20ac'],
    ['Transfer-Encoding', 'secret'],
    ['keep-alive', 'secret'],
    ['Upgrade', 'secret'],
    ['connection', 'secret secret'],
    ['content-length', 'secret'],
  ])('%j: %j', async (name, value) => {
    const before = paced.requests().length;
    const [ours, undici] = ways(paced.url, { method: 'GET', headers: { [name]: value } });
    expect(await seen(ours)).toMatchObject({ kind: 'unusable' });
    expect(await seen(ours)).toEqual(await seen(undici));
    expect(JSON.stringify(await ours().catch((error: unknown) => error))).not.toContain('secret');
    expect(paced.requests().length).toBe(before);
  });
});

test('heads that come in pieces at the same time keep to their connections', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => sockets.push(socket));
  });
  const { url, close } = await listen(server);
  ending.push(close);
  const answers = Array.from({ length: 8 }, () => ways(url, get)[0]());
  await expect.poll(() => sockets.length).toBe(answers.length);
  const head = (number: number): string =>
    `HTTP/1.1 ${number + 401} No\r\nx: ${String(number).repeat(40)}\r\n\r\n`;
  for (let at = 0; at < 70; at += 10) {
    sockets.forEach((socket, number) => socket.write(head(number).slice(at, at + 10)));
    await new Promise((later) => setTimeout(later, 5));
  }
  const statuses = (await Promise.all(answers)).map(({ status, headers }) => [
    status - 401,
    headers['x'],
  ]);
  const numbers = statuses.map(([number]) => Number(number));
  expect(numbers.toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(statuses).toEqual(numbers.map((number) => [number, String(number).repeat(40)]));
});

test('an exchange that is aborted ends its connection, and gives the reason', async () => {
  paced.say({ bytes: 'HTTP/1.1 401', end: 'silence' });
  const over = new AbortController();
  const reason = new Error('over');
  const request = { url: new URL(paced.url), ...get };
  const answer = headExchange(request, connector, over.signal, (stage) => {
    if (stage === 'headers') setTimeout(() => over.abort(reason), 20);
  });
  await expect(answer).rejects.toBe(reason);
  await expect.poll(() => paced.open()).toBe(0);
});
