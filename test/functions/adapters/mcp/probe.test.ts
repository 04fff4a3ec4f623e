import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { type Connector, trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import type { McpServer } from '../../../../functions/model/mcpserver.ts';
import { listen } from '../../../../local/listen.ts';
import { answerRows as matrix } from '../../../world/cases/answer-rows.ts';
import { startFaultWorld } from '../../../world/fault-world.ts';
import { aServer } from '../../../world/server.ts';

let world: Awaited<ReturnType<typeof startFaultWorld>>;
beforeAll(async () => {
  world = await startFaultWorld();
});
afterAll(() => world.end());

const connector = (
  settings: { servers?: readonly string[]; guarded?: boolean } = {},
): Connector => ({
  resolve: resolver({ servers: settings.servers ?? [world.resolvers.answering] }),
  guard: addressGuard({ allowLocal: !settings.guarded }),
  secureContext: trustStore(world.caPem),
});

const deadlineMs = 1200;
const at = (name: string): McpServer =>
  aServer({ url: world.urls[name] ?? `no fault is called ${name}`, timeoutMs: deadlineMs });

const judged = async (
  server: McpServer,
  over = connector(),
): Promise<{ verdict: string; ms: number }> => {
  const started = performance.now();
  const verdict = classify(await prober(over)(server, { classify: true }));
  return {
    verdict: 'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind,
    ms: performance.now() - started,
  };
};

describe('one probe', () => {
  test.each(matrix.map(([what, verdict]) => [what, verdict] as const))(
    '%s: %s, and never over its deadline',
    async (fault, expected) => {
      const { verdict, ms } = await judged(at(fault));
      expect(verdict).toBe(expected);
      expect(ms).toBeLessThan(deadlineMs + 250);
    },
  );
});

describe('names', () => {
  const named = (hostname: string): McpServer => {
    const url = new URL(world.urls['401 with a challenge'] ?? '');
    url.hostname = hostname;
    return aServer({ url: url.href, timeoutMs: deadlineMs });
  };

  test('a name the resolver knows leads to the server', async () => {
    expect(await judged(named('mcp.up.test'))).toMatchObject({
      verdict: 'connected AuthenticationRequired',
    });
  });
  test('a name that does not exist is a DNS failure', async () => {
    expect(await judged(named('gone.test'))).toMatchObject({ verdict: 'failed DNSFailure' });
  });
  test('a resolver that fails is a DNS failure', async () => {
    expect(
      await judged(named('mcp.up.test'), connector({ servers: [world.resolvers.failing] })),
    ).toMatchObject({
      verdict: 'failed DNSFailure',
    });
  });
  test('a resolver that is silent is a DNS failure, at the deadline', async () => {
    const { verdict, ms } = await judged(
      named('mcp.up.test'),
      connector({ servers: [world.resolvers.silent] }),
    );
    expect(verdict).toBe('failed DNSFailure');
    expect(ms).toBeLessThan(deadlineMs + 250);
  });
  test('a resolver that is away is our own trouble', async () => {
    const away = new URL(world.urls['refused'] ?? '').host;
    expect(await judged(named('mcp.up.test'), connector({ servers: [away] }))).toMatchObject({
      verdict: 'undecided',
    });
  });
  test('a label that is too long is an invalid spec', async () => {
    expect(await judged(named(`${'a'.repeat(64)}.up.test`))).toMatchObject({
      verdict: 'failed InvalidSpec',
    });
  });
});

describe('a URL or header that cannot be used is never contacted', () => {
  test.each([
    ['no URL', { url: 'not a url' }],
    ['another scheme', { url: 'ftp://example.com/' }],
    ['a password', { url: 'http://ada:secret@127.0.0.1/' }],
    ['port 0', { url: 'http://127.0.0.1:0/' }],
    ['an endless URL', { url: `http://127.0.0.1/${'a'.repeat(2048)}` }],
    ['a header that steers the connection', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a header with a line break', { headers: { 'x-tenant': 'a\r\nhost: b' } }],
    ['a header without a name', { headers: { '': 'a' } }],
  ])('%s', async (_what, spec) => {
    expect(await judged(aServer(spec))).toMatchObject({ verdict: 'failed InvalidSpec' });
  });
});

test('no outcome and no verdict repeats the query of spec.url, whatever the server does', async () => {
  const probe = prober(connector());
  const outcomes = await Promise.all(
    [...matrix.map(([fault]) => at(fault).url), 'not a url', 'foo:bar', 'http://a b/'].map(
      async (url) =>
        probe(aServer({ url: `${url}?key=the-key`, timeoutMs: 300 }), { classify: true }),
    ),
  );
  expect(JSON.stringify(outcomes.map((outcome) => [outcome, classify(outcome)]))).not.toContain(
    'the-key',
  );
});

describe('what a probe sends', () => {
  const asked: IncomingMessage[] = [];
  let port = 0;
  let bodies = '';
  const server = createServer((request, response) => {
    asked.push(request);
    request.on('data', (chunk) => (bodies += String(chunk)));
    if (request.url === '/moved') response.writeHead(307, { location: '/mcp' }).end();
    else if (request.url === '/leak') response.writeHead(400, { 'mcp-session-id': 'leaked' }).end();
    else if (request.url === '/away')
      response.writeHead(307, { location: `http://127.0.0.2:${port}/mcp` }).end();
    else if (request.url === '/port')
      response.writeHead(307, { location: `http://127.0.0.1:${otherPort}/mcp` }).end();
    else if (request.url === '/busy')
      response.writeHead(request.method === 'POST' ? 503 : 405).end();
    else if (request.url === '/cut' && request.method === 'POST') response.destroy();
    else if (request.url === '/cut') response.writeHead(405).end();
    else if (request.url === '/open') response.writeHead(405).end();
    else response.writeHead(401).end();
  });
  const other = createServer((request, response) => {
    asked.push(request);
    response.writeHead(401).end();
  });
  let otherPort = 0;
  beforeAll(async () => {
    ({ port } = await listen(server));
    ({ port: otherPort } = await listen(other));
  });
  afterAll(() => {
    server.close();
    other.close();
  });
  const sent = async (
    path: string,
    facts: Partial<McpServer> = {},
    classify = false,
  ): Promise<readonly IncomingMessage[]> => {
    asked.length = 0;
    await prober(connector())(aServer({ url: `http://127.0.0.1:${port}${path}`, ...facts }), {
      classify,
    });
    return [...asked];
  };

  test('one GET for an event stream with the protocol version, without Origin, cookies or credentials', async () => {
    const [get, ...more] = await sent('/mcp', {}, true);
    expect(more).toEqual([]);
    expect(get?.method).toBe('GET');
    expect(get?.headers).toMatchObject({
      accept: 'text/event-stream',
      'mcp-protocol-version': '2026-07-28',
    });
    expect(Object.keys(get?.headers ?? {}).sort()).toEqual([
      'accept',
      'connection',
      'host',
      'mcp-protocol-version',
      'user-agent',
    ]);
  });
  test('spec.headers, also after a redirect within the origin', async () => {
    const [first, second] = await sent('/moved', { headers: { 'X-Tenant': 'one' } });
    expect([first?.headers['x-tenant'], second?.headers['x-tenant']]).toEqual(['one', 'one']);
  });
  test('a Host of spec.headers: a probe carries nothing of a person', async () => {
    const [first] = await sent('/mcp', { headers: { Host: 'virtual.example.com' } });
    expect(first?.headers.host).toBe('virtual.example.com');
    expect(first?.headers.authorization).toBeUndefined();
  });
  test('no spec.headers to another origin on the same host', async () => {
    const [, second] = await sent('/port', { headers: { 'X-Tenant': 'one' } });
    expect(second?.socket.localPort).toBe(otherPort);
    expect(second?.headers['x-tenant']).toBeUndefined();
  });
  test('nothing to another host that a redirect names', async () => {
    expect(await sent('/away')).toHaveLength(1);
  });
  test('one server/discover when it is to be found out whether a sign-in is asked for', async () => {
    bodies = '';
    const [get, post] = await sent('/open', {}, true);
    expect([get?.method, post?.method]).toEqual(['GET', 'POST']);
    expect(post?.headers).toMatchObject({
      'mcp-method': 'server/discover',
      accept: 'application/json, text/event-stream',
    });
    expect(JSON.parse(bodies)).toMatchObject({ method: 'server/discover' });
  });
  test.each(['/busy', '/cut'])(
    'a second look that fails (%s) says nothing of sign-in',
    async (path) => {
      const outcome = await prober(connector())(
        aServer({ url: `http://127.0.0.1:${port}${path}` }),
        {
          classify: true,
        },
      );
      expect(outcome).toMatchObject({
        kind: 'answered',
        status: 405,
        classification: 'unanswered',
        speaksMcp: 'Unknown',
      });
    },
  );
  test('one DELETE for a session that leaked', async () => {
    const [get, farewell, ...more] = await sent('/leak');
    expect([get?.method, farewell?.method, more.length]).toEqual(['GET', 'DELETE', 0]);
    expect(farewell?.headers['mcp-session-id']).toBe('leaked');
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  test.each([
    ['seconds', '90', 90_000],
    ['a date', 'Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['a date that has passed', 'Wed, 31 Dec 2025 23:59:00 GMT', undefined],
    ['anything else', 'soon', undefined],
  ])('is read as %s, by the clock of the prober', async (_what, value, retryAfterMs) => {
    const busy = createServer((_request, response) =>
      response.writeHead(429, { 'retry-after': value }).end(),
    );
    const { port: busyPort } = await listen(busy);
    const url = `http://127.0.0.1:${busyPort}/mcp`;
    const outcome = await prober(connector(), { now: () => now })(aServer({ url }), {
      classify: false,
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 429 });
    expect('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined).toBe(retryAfterMs);
    busy.close();
  });
});

describe('what a probe costs', () => {
  test('the stages it went through, in milliseconds', async () => {
    const secured = await prober(connector())(at('valid certificate'), { classify: false });
    expect(Object.keys(secured.timings)).toEqual(['dns', 'tcp', 'tls', 'headers']);
    const plain = await prober(connector())(at('accepts and stays silent'), { classify: false });
    expect(plain).toMatchObject({ kind: 'unreachable', stage: 'headers' });
    expect(plain.timings.headers).toBeGreaterThan(deadlineMs - 100);
    const stalled = await prober(connector())(at('TLS handshake that stalls'), { classify: false });
    expect(stalled).toMatchObject({ kind: 'unreachable', stage: 'tls' });
  });

  test('less than 16 MB over the whole matrix, bombs and endless bodies included', async () => {
    const probe = prober(connector());
    const wholeMatrix = (): Promise<unknown> =>
      Promise.all(
        matrix.map(([fault]) => probe({ ...at(fault), timeoutMs: 300 }, { classify: true })),
      );
    await wholeMatrix(); // what is compiled and loaded once is no growth
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    await wholeMatrix();
    clearInterval(watch);
    expect((peak - before) / 1024 / 1024).toBeLessThan(16);
  });

  test('no connection once it is over', async () => {
    const open = (): number =>
      process
        .getActiveResourcesInfo()
        .filter((resource) => resource === 'TCPSocketWrap' || resource === 'TLSWrap').length;
    // What the tests before it leave behind closes by itself.
    await vi.waitFor(() => expect(open()).toBe(0));
    await Promise.all(
      matrix.map(([fault]) =>
        prober(connector())({ ...at(fault), timeoutMs: 300 }, { classify: true }),
      ),
    );
    await vi.waitFor(() => expect(open()).toBe(0));
  });
});
