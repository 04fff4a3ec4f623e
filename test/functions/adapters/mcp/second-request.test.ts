import { createServer } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { signsOfDiscover, signsOfStream } from '../../../../functions/adapters/mcp/mcp-signs.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { explain } from '../../../../functions/reachability/explain.ts';
import { nextStatus } from '../../../../functions/reachability/status.ts';
import { conditionOf, type McpServer } from '../../../../functions/model/mcpserver.ts';
import { listen } from '../../../../local/listen.ts';
import { html, rpcResult, type Script, scriptedServer } from '../../../world/scripted-server.ts';
import { modern, requestRows, signRows } from '../../../world/cases/request-rows.ts';
import { aServer } from '../../../world/server.ts';

const probe = prober({
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
});
const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

const deadlineMs = 1000;
const start = new Date('2026-03-01T12:00:00Z');

/** One probe of a server with this script: what it was asked, and what follows. */
async function probed(script: Script, facts: Partial<McpServer> = {}, wanted = { classify: true }) {
  const world = await scriptedServer(script);
  closers.push(world.close);
  const server = aServer({ url: world.url, timeoutMs: deadlineMs, ...facts });
  const began = performance.now();
  const outcome = await probe(server, wanted);
  const ms = performance.now() - began;
  const verdict = classify(outcome);
  const status = nextStatus(server, verdict, start);
  return {
    outcome,
    ms,
    verdict: 'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind,
    message: verdict.message,
    signIn: conditionOf(status, 'AuthRequired')?.status,
    speaksMcp: conditionOf(status, 'SpeaksMCP')?.status,
    asked: world.asked.map(({ method }) => method).join(' '),
    check: explain(server, outcome, start),
  };
}

describe('a server of type streamable-http goes by its POST', () => {
  const rows = requestRows;
  test.each(rows)('%s', async (_what, script, expected, methods) => {
    const { verdict, asked, ms } = await probed(script);
    expect([verdict, asked]).toEqual([expected, methods]);
    expect(ms).toBeLessThan(deadlineMs + 250);
  });

  test('a GET that answers late wins over a POST that a gateway answers', async () => {
    let answerGet = (): void => {};
    const world = await listen(
      createServer((request, response) => {
        if (request.method === 'GET') answerGet = () => response.writeHead(401).end();
        else response.writeHead(503).end(() => answerGet());
      }),
    );
    closers.push(world.close);
    const late = await probe(aServer({ url: world.url, timeoutMs: 400 }), { classify: false });
    expect(late).toMatchObject({ kind: 'answered', status: 401 });
    expect(late).not.toHaveProperty('getEnd');
  });
  test('what answers at once gets no second request', async () => {
    const { asked } = await probed({ get: modern, post: rpcResult }, {}, { classify: false });
    expect(asked).toBe('GET');
  });
  test('sse stays with the GET', async () => {
    const script: Script = { get: { status: 503 }, post: rpcResult };
    const { verdict, asked } = await probed(script, { type: 'sse' });
    expect([verdict, asked]).toEqual(['failing UpstreamUnavailable', 'GET']);
  });
  test('both requests are stages with a time of their own, and the message says what decided', async () => {
    const { check, message } = await probed({ get: 'silent', post: rpcResult });
    const spent = new Map(check.stages.map(({ stage, ms }) => [stage, ms]));
    expect([...spent.keys()]).toEqual(['tcp', 'headers', 'discover']);
    expect(spent.get('headers')).toBeGreaterThan(deadlineMs / 2 - 50);
    expect(spent.get('discover')).toBeLessThan(deadlineMs / 2);
    expect(message).toContain('The GET got no answer.');
  });
  test('a session that the POST left is closed', async () => {
    const post = { status: 400, headers: { 'mcp-session-id': 'left' } };
    expect((await probed({ get: 'closed', post })).asked).toBe('GET POST DELETE');
  });
});

describe('only a result shows that no sign-in is needed, and what answers may be no MCP server', () => {
  const stream = (body: string, stays = true) =>
    ({ status: 200, type: 'text/event-stream', body, stays }) as const;
  const rows = signRows;
  test.each(rows)('%s', async (_what, script, signIn, speaksMcp) => {
    const seen = await probed(script);
    expect([seen.signIn, seen.speaksMcp]).toEqual([signIn, speaksMcp]);
    expect(seen.verdict).toMatch(/^connected /);
  });

  test('a body that is made to be slow to read is read at once', () => {
    const body = (text: string) => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: Buffer.from(text.repeat(4096).slice(0, 4096)),
      isWhole: false,
    });
    const began = performance.now();
    for (const text of ['event: ', 'event:\n', 'data:  ', '{ ', '"jsonrpc" ', '{"id" : 1 ,'])
      for (const signs of [signsOfDiscover, signsOfStream]) signs(body(text));
    expect(performance.now() - began).toBeLessThan(500);
  });

  test('a POST that hangs costs half of the deadline at most, and is a stage', async () => {
    const { ms, check } = await probed({ get: modern, post: 'silent' });
    expect(ms).toBeLessThan(deadlineMs / 2 + 200);
    const discover = check.stages.find(({ stage }) => stage === 'discover');
    expect(discover?.ms).toBeGreaterThan(deadlineMs / 2 - 50);
    expect(check.observed).toContain('server/discover got no answer');
  });

  test('an SSE server shows both by its first event', async () => {
    const get = stream('event: endpoint\ndata: /messages\n\n');
    const { signIn, speaksMcp, asked } = await probed({ get, post: html(404) }, { type: 'sse' });
    expect([signIn, speaksMcp, asked]).toEqual(['False', 'True', 'GET']);
    const page = await probed({ get: html(200), post: html(404) }, { type: 'sse' });
    expect([page.signIn, page.speaksMcp]).toEqual(['Unknown', 'False']);
  });
});

describe('redirects', () => {
  test('the hop that failed is named', async () => {
    const dead = await scriptedServer({ get: 'silent', post: 'silent' });
    await dead.close();
    const location = `${dead.url}?key=secret`;
    // prometheus/blackbox_exporter#465
    const { message, check } = await probed({
      get: { status: 307, headers: { location } },
      post: 'silent',
    });
    expect(message).toBe(
      `${check.hop?.from} redirects to ${dead.url}, which refused the connection.`,
    );
    expect(check.hop?.to).toBe(dead.url);
    expect(check.stages.map(({ stage }) => stage)).toEqual(['redirects', 'tcp']);
  });

  test('a POST stays a POST behind a 307 within its origin', async () => {
    const asked: string[] = [];
    const world = await listen(
      createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        if (request.url === '/mcp') response.writeHead(307, { location: '/mcp/' }).end();
        else if (request.method === 'GET') request.socket.end();
        else response.writeHead(401).end();
      }),
    );
    closers.push(world.close);
    const outcome = await probe(aServer({ url: `${world.url}/mcp` }), { classify: true });
    expect(classify(outcome)).toMatchObject({ reason: 'AuthenticationRequired' });
    expect(asked).toEqual(['GET /mcp', 'GET /mcp/', 'POST /mcp/']);
  });
});
