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
import { headRows, paceRows } from '../../../world/cases/head-rows.ts';
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
  test.each(headRows)('%s', async (_what, bytes, reason) => {
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
  test.each(paceRows)('%s: %s', async (_what, pace, reason) => {
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
