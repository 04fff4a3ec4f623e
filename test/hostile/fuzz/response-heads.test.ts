/** Whatever bytes a server answers with, a probe and a verification have a documented outcome. */
import { array, constantFrom, integer, nat, oneof, record, tuple, uint8Array } from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { prober } from '../../../functions/adapters/mcp/probe.ts';
import { tokenVerifier } from '../../../functions/adapters/mcp/token-verifier.ts';
import { statusPatch } from '../../../functions/adapters/cluster/mcpserver-object.ts';
import { oneLine } from '../../../functions/model/outside-text.ts';
import { classify } from '../../../functions/reachability/classify.ts';
import { nextStatus } from '../../../functions/reachability/status.ts';
import { aServer } from '../../world/server.ts';
import { type RawServer, startRawServer } from '../raw-server.ts';
import { fuzz } from './runs.ts';
import { oddText } from './odd-values.ts';

let raw: RawServer;
beforeAll(async () => {
  raw = await startRawServer();
});
afterAll(() => raw.close());

const connector = {
  // The server may lead anywhere: nothing but this machine is contacted.
  guard: addressGuard({ allow: ['127.0.0.1/32'] }),
  resolve: resolver(),
  secureContext: trustStore(),
};
const probe = prober(connector);
const verify = tokenVerifier(connector, { timeoutMs: 300 });

const statusLine = oneof(
  {
    weight: 6,
    arbitrary: integer({ min: 100, max: 999 }).map((code) => `HTTP/1.1 ${code} Anything`),
  },
  {
    weight: 3,
    arbitrary: constantFrom(200, 301, 302, 307, 401, 403, 404, 429, 503).map(
      (code) => `HTTP/1.1 ${code}`,
    ),
  },
  constantFrom(
    'HTTP/1.0 200 OK',
    'HTTP/2 200',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 -200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200\tOK',
    'http/1.1 200 ok',
    'ICY 200 OK',
    'HTTP/9.9 200 OK',
    'HTTP/1.1 200 \u0000',
    'SSH-2.0-OpenSSH_9.2p1',
    '+OK POP3 ready',
    '\u0016\u0003\u0001\u0002\u0000',
    'PRI * HTTP/2.0',
    '',
  ),
  oddText,
);

const headerName = oneof(
  {
    weight: 6,
    arbitrary: constantFrom(
      'content-length',
      'transfer-encoding',
      'www-authenticate',
      'location',
      'retry-after',
      'mcp-session-id',
      'content-type',
      'content-encoding',
      'connection',
      'upgrade',
      'set-cookie',
      'trailer',
      'x',
    ),
  },
  oddText,
);
const headerValue = oneof(
  {
    weight: 6,
    arbitrary: constantFrom(
      '0',
      '5',
      '-1',
      '99999999999999999999',
      'chunked',
      'gzip',
      'identity, chunked',
      'Bearer',
      'Bearer realm="x", error="insufficient_scope", scope="a b"',
      'Bearer resource_metadata="http://127.0.0.1:1/"',
      'Basic, Bearer error="x',
      '/elsewhere',
      '//127.0.0.1:1/',
      'http://[::1]:1/',
      'http://169.254.169.254/',
      'file:///etc/passwd',
      'Wed, 21 Oct 2099 07:28:00 GMT',
      '1e9',
      'text/event-stream',
      'application/json',
      'close',
      'h2c',
      'a-session',
      'x'.repeat(70_000),
    ),
  },
  oddText,
);
const lineEnd = oneof({ weight: 9, arbitrary: constantFrom('\r\n') }, constantFrom('\n', '\r', ''));
const header = tuple(headerName, constantFrom(': ', ':', ' : ', '\t', ''), headerValue, lineEnd);
const body = oneof(
  constantFrom(
    '',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}',
    'event: endpoint\ndata: /messages\n\n',
    '5\r\nhello\r\n0\r\n\r\n',
    'fffffffffffffffff\r\n',
    '-5\r\nhello\r\n',
    '5;ext="\r\nhello\r\n0\r\nTrailer: x\r\n\r\n',
  ),
  oddText,
);

const answer = record({
  bytes: oneof(
    {
      weight: 12,
      arbitrary: tuple(statusLine, array(header, { maxLength: 6 }), lineEnd, body).map(
        ([first, headers, blank, rest]) =>
          new Uint8Array(
            Buffer.from(
              `${first}\r\n${headers.map((parts) => parts.join('')).join('')}${blank}${rest}`,
            ),
          ),
      ),
    },
    uint8Array({ maxLength: 200 }),
  ),
  // At any byte.
  cut: oneof(
    { weight: 4, arbitrary: constantFrom(1) },
    nat(1_000).map((part) => part / 1_000),
  ),
  cuts: array(nat(2_000), { maxLength: 4 }),
  end: oneof(
    { weight: 30, arbitrary: constantFrom('end' as const) },
    { weight: 5, arbitrary: constantFrom('reset' as const) },
    { weight: 1, arbitrary: constantFrom('silence' as const) },
  ),
  type: constantFrom('streamable-http' as const, 'sse' as const),
  classify: constantFrom(true, false),
}).map(({ bytes, cut, cuts, end, type, classify }) => ({
  bytes: bytes.subarray(0, Math.ceil(bytes.length * cut)),
  cuts,
  end,
  type,
  classify,
}));

const now = new Date('2026-11-25T12:00:00Z');

fuzz(
  'a probe of any bytes has an outcome about the server, a verdict, and a status that can be written',
  answer,
  async ({ type, classify: wanted, ...said }) => {
    const url = raw.say(said);
    const server = aServer({ url, type, timeoutMs: 300 });
    const outcome = await probe(server, { classify: wanted });
    raw.forget(url);
    // By policy, when it redirects to a port that is closed to us.
    const kinds = ['answered', 'headersTooLarge', 'unreachable', 'refusedByPolicy'];
    expect(kinds).toContain(outcome.kind);
    const text = Buffer.from(said.bytes).toString('latin1');
    const reason = outcome.kind === 'unreachable' ? outcome.cause : outcome.kind;
    if (/^[\r\n]*HTTP\/1\.\d[ \t]+\d{3}(?!\d)/.test(text)) expect(reason).not.toBe('notHttp');
    const verdict = classify(outcome);
    expect(verdict.message).toBe(oneLine(verdict.message, 1_024));
    // A forward proxy or a captive portal on our side: the documented closed list.
    const isOurs = outcome.kind === 'answered' && [407, 511].includes(outcome.status);
    expect(verdict.kind === 'undecided').toBe(isOurs);
    if (isOurs) return;
    const status = statusPatch(nextStatus(server, verdict, now));
    expect(JSON.stringify(status).length).toBeLessThan(8_192);
    expect(status.lastAttempt).toBe('2026-11-25T12:00:00Z');
  },
);

const token = 'the-token-of-ada-that-nobody-else-may-have';

fuzz(
  'a verification of any bytes is accepted, refused, insufficient or unclear, without the token',
  answer,
  async ({ type, ...said }) => {
    const url = raw.say(said);
    const result = await verify(aServer({ url, type, timeoutMs: 300 }), token);
    raw.forget(url);
    expect(['accepted', 'refused', 'insufficientScope', 'unclear']).toContain(result.kind);
    expect(JSON.stringify(result)).not.toContain(token);
  },
  { share: 0.5 },
);
