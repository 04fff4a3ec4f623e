/** What the page makes of the answers of an endpoint, and of none. */
import { createServer, type RequestListener } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { renamedChallenge } from '../../../functions/model/renamed-challenge.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import { type EndpointRequest, exchange } from '../../../site/src/live/session/answers.ts';
import { endpointClock } from '../../../site/src/live/session/endpoint-clock.ts';
import { endpointRequests } from '../../../site/src/live/session/endpoint-requests.ts';
import { newBrowserKey } from '../../../site/src/live/session/browser-key.ts';
import { proofSigner } from '../../../site/src/live/session/proof.ts';

let server: Listening | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = await listen(createServer(listener));
  return server.url;
}

const get = (url: string, more: Partial<EndpointRequest> = {}) =>
  exchange({ method: 'GET', url, ...more });

type Sent = {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
const page = '<!doctype html><h1>Bad gateway</h1>';
const date = 'Mon, 04 May 2026 10:00:00 GMT';

test.each<[string, Sent, object]>([
  ['JSON', { status: 200, body: '{"a":1}' }, { kind: 'ok', body: { a: 1 } }],
  ['nothing', { status: 204 }, { kind: 'ok', body: undefined }],
  [
    'a page of another program',
    { status: 200, body: page },
    { kind: 'problem', status: 200, title: 'Unexpected response from the endpoint' },
  ],
  [
    'a problem document',
    {
      status: 409,
      body: '{"title":"No sign-in was started","detail":"It is\\nopen.","hint":"Run: muster list"}',
    },
    {
      kind: 'problem',
      status: 409,
      title: 'No sign-in was started',
      detail: 'It is open.',
      hint: 'Run: muster list',
    },
  ],
  [
    'a page of a load balancer',
    { status: 502, body: page },
    { kind: 'problem', status: 502, title: 'The endpoint answered HTTP 502' },
  ],
  [
    'a limit in seconds',
    { status: 429, body: '{"title":"Too many"}', headers: { 'retry-after': '30' } },
    { kind: 'problem', status: 429, title: 'Too many', retryAfterSeconds: 30 },
  ],
  [
    'a limit as a date, by the clock of the endpoint',
    { status: 503, headers: { date, 'retry-after': 'Mon, 04 May 2026 10:01:30 GMT' } },
    { kind: 'problem', status: 503, retryAfterSeconds: 90 },
  ],
])('%s is an answer', async (_, { status, body, headers }, answer) => {
  const url = await serve((_request, response) => response.writeHead(status, headers).end(body));
  expect((await get(url)).answer).toMatchObject(answer);
});

test('an answer that is known is asked for by its tag, and what is unchanged has no body', async () => {
  const url = await serve((request, response) =>
    request.headers['if-none-match'] === '"one"'
      ? response.writeHead(304).end()
      : response.writeHead(200, { etag: '"one"' }).end('{}'),
  );
  expect(await get(url)).toMatchObject({ answer: { kind: 'ok' }, etag: '"one"' });
  expect(await get(url, { ifNoneMatch: '"one"' })).toMatchObject({ isUnchanged: true });
  expect(await get(url, { ifNoneMatch: '"two"' })).not.toHaveProperty('isUnchanged');
});

test('"not modified" is a problem where everything was asked for', async () => {
  const url = await serve((_request, response) => response.writeHead(304).end());
  const unasked = await get(url);
  expect(unasked.answer).toMatchObject({ kind: 'problem', status: 304 });
  expect(unasked).not.toHaveProperty('isUnchanged');
});

test('no endpoint, a closed connection, a redirect and no answer in time are unreachable', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/closed') request.socket.destroy();
    if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
  });
  const failed = { kind: 'unreachable', message: 'The connection failed' };
  expect((await get(`${url}/closed`)).answer).toEqual(failed);
  expect((await get(`${url}/moved`)).answer).toEqual(failed);
  expect((await get('http://127.0.0.1:9/')).answer).toMatchObject({ kind: 'unreachable' });
  expect((await get(`${url}/silent`, { timeoutMs: 100 })).answer).toEqual({
    kind: 'unreachable',
    message: 'No answer within 0.1 seconds',
  });
});

test('a token goes to the origin of the page only', async () => {
  const { send } = endpointRequests(
    'https://muster.example.com',
    endpointClock(() => new Date()),
  );
  for (const path of ['//other.example.com/v1', 'https://other.example.com/', '/\\other.example'])
    expect(() => send({ method: 'GET', path }, { token: 'a token' })).toThrow('another origin');
});

/** An endpoint whose clock is an hour ahead; it refuses every proof of another minute. */
async function anHourAhead() {
  const times: number[] = [];
  const url = await serve((request, response) => {
    const [, claims = ''] = String(request.headers['dpop']).split('.');
    const { iat } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    times.push(iat);
    const there = Date.now() + 3_600_000;
    const isTimely = Math.abs(iat * 1_000 - there) < 60_000;
    response.writeHead(isTimely ? 200 : 401, {
      date: new Date(there).toUTCString(),
      [renamedChallenge]: 'DPoP error="invalid_dpop_proof", algs="ES256"',
    });
    response.end('{}');
  });
  return { url, times };
}

test('a proof that the endpoint refuses is made again by its clock, once', async () => {
  const { url, times } = await anHourAhead();
  const clock = endpointClock(() => new Date());
  const signer = proofSigner(await newBrowserKey(), clock.now);
  const { prove } = endpointRequests(url, clock);
  const request = { method: 'POST', path: '/v1/me/key' } as const;
  expect((await prove(request, { token: 'a token', signer })).answer.kind).toBe('ok');
  expect(times).toHaveLength(2);
  expect((await prove(request, { token: 'a token', signer })).answer.kind).toBe('ok');
  expect(times).toHaveLength(3);
});

test('a refused proof with the right clock is not repeated', async () => {
  let count = 0;
  const url = await serve((_request, response) => {
    count += 1;
    response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' }).end('{}');
  });
  const clock = endpointClock(() => new Date());
  const signer = proofSigner(await newBrowserKey(), clock.now);
  const { prove } = endpointRequests(url, clock);
  const refused = await prove({ method: 'DELETE', path: '/v1/sessions' }, { token: 't', signer });
  expect([refused.refusesProof, count]).toEqual([true, 1]);
});

test('a sign-in without a key sends no request that changes something', async () => {
  const { prove } = endpointRequests(
    'http://127.0.0.1:9',
    endpointClock(() => new Date()),
  );
  const { answer } = await prove(
    { method: 'DELETE', path: '/v1/sessions' },
    {
      token: 't',
      signer: undefined,
    },
  );
  expect(answer).toMatchObject({ title: 'This sign-in has no key of this browser' });
});
