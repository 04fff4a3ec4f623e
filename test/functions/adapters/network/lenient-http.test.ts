/** Answers that a strict reader refuses, or that come in their own time. */
import { createServer as createHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { exchange, guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { listen } from '../../../../local/listen.ts';
import { type Pace, type PacedServer, startPacedServer } from '../../../world/paced-server.ts';
import { aServer } from '../../../world/server.ts';

const connector = {
  resolve: resolver(),
  guard: addressGuard({ allowLocal: true }),
  secureContext: trustStore(),
};
let paced: PacedServer;
beforeAll(async () => {
  paced = await startPacedServer();
});
afterAll(() => paced.close());

/** `sse` asks one time; what a second request changes is told elsewhere. */
async function verdictOn(url: string, timeoutMs = 1_000): Promise<string> {
  const server = aServer({ url, type: 'sse', timeoutMs });
  const started = performance.now();
  const verdict = classify(await prober(connector)(server, { classify: false }));
  expect(performance.now() - started).toBeLessThan(timeoutMs + 250);
  return 'reason' in verdict ? verdict.reason : verdict.kind;
}
const verdictWhen = (pace: Pace, timeoutMs?: number): Promise<string> => {
  paced.say(pace);
  return verdictOn(paced.url, timeoutMs);
};

const asks = 'AuthenticationRequired';

describe('once there is a status line, the answer counts', () => {
  test.each([
    // nodejs/undici#201, louislam/uptime-kuma#4899
    ['100 Continue before it', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n', asks],
    [
      'fifty interim answers',
      `${'HTTP/1.1 103 \r\na: b\r\n\r\n'.repeat(50)}HTTP/1.1 401 No\r\n\r\n`,
      asks,
    ],
    [
      'a folded challenge',
      'HTTP/1.1 403 No\r\nWWW-Authenticate: Bearer\r\n realm="x"\r\n\r\n',
      asks,
    ],
    ['LF alone', 'HTTP/1.1 403 No\nWWW-Authenticate: Bearer\n\n', asks],
    ['space before a colon', 'HTTP/1.1 403 No\r\nWWW-Authenticate : Bearer\r\n\r\n', asks],
    ['no reason phrase', 'HTTP/1.1 401\r\n\r\n', asks],
    ['HTTP/1.0', 'HTTP/1.0 401 Unauthorized\r\n\r\n', asks],
    [
      'two lengths that differ',
      'HTTP/1.1 401 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      asks,
    ],
    [
      'two lengths that are the same',
      'HTTP/1.1 401 No\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
      asks,
    ],
    ['a length that is none', 'HTTP/1.1 401 No\r\nContent-Length: x\r\n\r\n', asks],
    [
      'a length beyond all numbers',
      `HTTP/1.1 401 No\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`,
      asks,
    ],
    [
      'a length and chunks',
      'HTTP/1.1 401 No\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      asks,
    ],
    ['chunks that are none', 'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', asks],
    ['a coding of its own', 'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked, odd\r\n\r\n', asks],
    ['a header without a name', 'HTTP/1.1 401 No\r\n: x\r\n\r\n', asks],
    ['a line that is no header', 'HTTP/1.1 401 No\r\nhello\r\n\r\n', asks],
    ['characters that are not allowed', 'HTTP/1.1 401 No\r\nx\u0001y: a\u0000b\r\n\r\n', asks],
    ['UTF-8 in a value', 'HTTP/1.1 401 No\r\nx: Zo\u00c3\u00ab\r\n\r\n', asks],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'Responded',
    ],
    [
      'headers with the names of members of every object',
      'HTTP/1.1 401 No\r\nconstructor: a\r\n__proto__: b\r\nContent-Length: x\r\n\r\n',
      asks,
    ],
    ['a status below all', 'HTTP/1.1 042 Odd\r\n\r\n', 'Responded'],
    ['a status above all', 'HTTP/1.1 999 Odd\r\n\r\n', 'ServerError'],
    [
      'headers too large to read',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(80 * 1024)}\r\n\r\n`,
      'Responded',
    ],
    [
      'headers too large to read, without an end',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(80 * 1024)}`,
      'Responded',
    ],
    [
      'odd headers too large to read',
      `HTTP/1.1 200 OK\r\nbad\r\nx: ${'y'.repeat(80 * 1024)}`,
      'Responded',
    ],
    ['an interim answer, then no HTTP', 'HTTP/1.1 103 \r\n\r\nSSH-2.0\r\n', 'Responded'],
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'NotHTTP'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'NotHTTP'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'NotHTTP'],
    ['another protocol', 'ICY 200 OK\r\n\r\n', 'NotHTTP'],
  ])('%s', async (_what, bytes, reason) => {
    for (const end of ['close', 'silence', 'reset'] as const) {
      expect(await verdictWhen({ bytes, end })).toBe(reason);
      expect(await verdictWhen({ bytes, end, pieces: 40 })).toBe(reason);
    }
  });
  test('also when it comes before the request', async () => {
    const bytes = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n';
    expect(await verdictWhen({ bytes, end: 'close', atOnce: true })).toBe(asks);
  });
  test('one that only a lenient reader understands has its body as well', async () => {
    paced.say({ bytes: 'HTTP/1.1 200 OK\nx: a\n b\nContent-Length : 2\n\n{}', end: 'silence' });
    const answer = await guardedFetch(connector)(paced.url);
    expect([answer.headers.get('x'), await answer.json()]).toEqual(['a b', {}]);
  });
});

describe('a head that is cut at any byte', () => {
  const head =
    'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer\r\n realm="x"\r\nContent-Length: 5\r\n\r\n';
  const cuts = Array.from({ length: head.length + 1 }, (_, at) => at);
  test.each(['close', 'reset', 'half-close'] as const)(
    'by a %s is a reset, or the right verdict when all of it is there',
    async (end) => {
      for (const at of cuts)
        expect([at, await verdictWhen({ bytes: head.slice(0, at), end })]).toEqual([
          at,
          at === head.length ? asks : 'ConnectionReset',
        ]);
    },
  );
  test('by silence is a timeout', async () => {
    const verdicts = await Promise.all(
      [0, 4, 9, 12, 30, head.length - 1].map((at) => {
        const verdict = verdictWhen({ bytes: head.slice(0, at), end: 'silence' }, 400);
        return verdict;
      }),
    );
    expect(new Set(verdicts)).toEqual(new Set(['Timeout']));
  });
});

describe('an answer in its own time', () => {
  const bytes = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
  test.each<readonly [what: string, pace: Pace, reason: string]>([
    ['late', { bytes, afterMs: 600, end: 'close' }, asks],
    ['too late', { bytes, afterMs: 1_500, end: 'close' }, 'Timeout'],
    ['in small pieces', { bytes, pieces: 12, everyMs: 20, end: 'silence' }, asks],
    ['one byte a second', { bytes, pieces: 100, everyMs: 1_000, end: 'close' }, 'Timeout'],
    ['with a half-close at its end', { bytes, end: 'half-close' }, asks],
    ['a half-close instead of it', { bytes: '', end: 'half-close' }, 'ConnectionReset'],
    ['a reset instead of it', { bytes: '', end: 'reset' }, 'ConnectionReset'],
    [
      'a reset after its head',
      { bytes: `${bytes.replace('Length: 0', 'Length: 9')}{`, end: 'reset' },
      asks,
    ],
  ])('%s: %s', async (_what, pace, reason) => {
    expect(await verdictWhen(pace)).toBe(reason);
  });
});

test('no connection is left open, whatever came', async () => {
  await expect.poll(() => paced.open()).toBe(0);
});

describe('a server that speaks only HTTP/2, without TLS', () => {
  test('is asked over it, once it has said so', async () => {
    const server = createHttp2((request, response) => {
      response.writeHead(request.headers['x-tenant'] === 'a' ? 401 : 500);
      response.end('no');
    });
    const { url, close } = await listen(server);
    const answer = await exchange(
      {
        url: new URL(`${url}/mcp`),
        method: 'POST',
        headers: { 'x-tenant': 'a' },
        body: '{}',
        read: { bytes: 10, ms: 500 },
      },
      connector,
      AbortSignal.timeout(2_000),
    );
    expect([answer.status, answer.body.toString()]).toEqual([401, 'no']);
    await close();
  });
});
