/**
 * 200 people use 1,000 servers while the issuer and half of the servers are down and 50 callers send
 * rubbish. `LOAD_SECONDS` says for how long: 15 in CI, 60 in `npm run test:load`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { Agent, request } from 'undici';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import { commandLineClient } from '../../../local/issuer.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import '../attempt.ts';

const seconds = Number(process.env['LOAD_SECONDS'] ?? 15);
const people = 200;
const rubbishCallers = 50;
/** However fast it is, it ends. */
const mostRequests = seconds * 1_000;
const longestThoughtMs = 10_000;

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const audience = commandLineClient.client_id;

let issuer: Listening;
let endpoint: ChildProcess;
let url = '';
const memory: { readonly at: number; readonly rssMb: number }[] = [];
const dispatcher = new Agent({ connections: 300, headersTimeout: 25_000, bodyTimeout: 25_000 });

beforeAll(async () => {
  issuer = await listen(
    createServer((asked, response) => {
      const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'a', alg: 'ES256', use: 'sig' }];
      const isKeys = asked.url === '/jwks';
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(isKeys ? { keys } : { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
      );
    }),
  );
  endpoint = fork(fileURLToPath(new URL('./endpoint-process.ts', import.meta.url)), [issuer.url], {
    execArgv: ['--import', fileURLToPath(new URL('../../../local/runtime.mjs', import.meta.url))],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const started = z.object({ url: z.string() });
  const [message] = await once(endpoint, 'message');
  ({ url } = started.parse(message));
  endpoint.on('message', (said: unknown) => {
    const { data } = z.object({ rssMb: z.number() }).safeParse(said);
    if (data !== undefined) memory.push({ at: performance.now() / 1_000, ...data });
  });
}, 120_000);
afterAll(async () => {
  endpoint.disconnect();
  await once(endpoint, 'exit');
  await dispatcher.close();
});

const tokenOf = (subject: string, key = privateKey, kid = 'a', more: object = {}) =>
  new SignJWT({ sub: subject, email: `${subject}@example.com`, email_verified: true, ...more })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(issuer.url)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);

type Asked = {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'OPTIONS';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

async function ask({ method = 'GET', path, headers = {}, body }: Asked) {
  const began = performance.now();
  const answer = await request(`${url}${path}`, {
    method,
    headers: { ...headers },
    body: body ?? null,
    dispatcher,
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    ms: performance.now() - began,
  };
}

const pick = <Value>(values: readonly Value[]): Value => {
  const picked = values[Math.floor(Math.random() * values.length)];
  if (picked === undefined) throw new RangeError('There is nothing to pick from.');
  return picked;
};

test('nobody has an error that is not theirs, memory stays flat, and rubbish is refused below 500', {
  timeout: (seconds + 120) * 1_000,
}, async ({ task }) => {
  const tokens = await Promise.all(
    Array.from({ length: people }, (_, index) => tokenOf(`person-${index}`)),
  );
  // The keys are read once, then the issuer is gone.
  for (let count = 0; count < 2; count += 1)
    expect((await ask({ path: '/v1/me', headers: bearer(tokens[0]) })).status).toBe(200);
  await issuer.close();

  const until = performance.now() + seconds * 1_000;
  let requests = 0;
  const isOver = () => performance.now() >= until || requests >= mostRequests;
  const times: number[] = [];
  const wrong: string[] = [];
  const refused = new Map<number, number>();

  const person = async (token: string): Promise<void> => {
    let checks = 0;
    await wait(Math.random() * longestThoughtMs);
    while (!isOver()) {
      const path = honestPath(checks < 4);
      const isCheck = path.endsWith('/check');
      if (isCheck) checks += 1;
      requests += 1;
      const method = isCheck ? 'POST' : 'GET';
      const answer = await ask({ method, path, headers: bearer(token) });
      times.push(answer.ms);
      const isRight =
        answer.status === 200 &&
        (!path.startsWith('/v1/mcpservers?') ||
          listSchema.safeParse(JSON.parse(answer.text)).success);
      if (!isRight) wrong.push(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
      await wait(Math.random() * longestThoughtMs);
    }
  };
  const vandal = async (): Promise<void> => {
    while (!isOver()) {
      const asked = await rubbish(pick(tokens));
      requests += 1;
      const answer = await ask(asked);
      refused.set(answer.status, (refused.get(answer.status) ?? 0) + 1);
      const problem = problemSchema.safeParse(jsonOf(answer.text)).data;
      // A key that is not known cannot be looked up while the issuer is down: that is no lie.
      const isUnknownKey = answer.status === 503 && asked.path === unknownKeyPath;
      const isRefused = answer.status >= 400 && answer.status < 500 && problem !== undefined;
      if (!isRefused && !(isUnknownKey && answer.headers['retry-after'] !== undefined))
        wrong.push(
          `rubbish ${asked.method ?? 'GET'} ${asked.path.slice(0, 100)}: ${answer.status} ${answer.text.slice(0, 200)}`,
        );
      await wait(Math.random() * 3_000);
    }
  };
  await Promise.all([
    ...tokens.map(person),
    ...Array.from({ length: rubbishCallers }, () => vandal()),
  ]);

  const sorted = times.toSorted((one, another) => one - another);
  const percentile = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0);
  const growth = growthMbOf(memory);
  const outcomes = [...refused].map(([status, count]) => `${status}: ${count}`).join(', ');
  console.log(
    [
      `${people} people and ${rubbishCallers} callers of rubbish, ${seconds} s:`,
      `${times.length} answers in p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms;`,
      `${requests - times.length} rubbish (${outcomes});`,
      `RSS ${memory.at(-1)?.rssMb.toFixed(0) ?? '?'} MB, ${growth.toFixed(1)} MB more in the second half`,
    ].join(' '),
  );
  task.meta.attacks = requests - times.length;
  expect([...new Set(wrong)].slice(0, 20)).toEqual([]);
  expect(times.length).toBeGreaterThan(people);
  expect(Number(percentile(0.99))).toBeLessThan(20_000);
  expect(growth).toBeLessThan(mostGrowthMb);
});

/** A leak of 1 KB for each request would show as more. */
const mostGrowthMb = 24;

/** By how much the least of the last quarter is above the least of the quarter before the last half. */
function growthMbOf(samples: typeof memory): number {
  const quarter = Math.floor(samples.length / 4);
  const least = (from: number, to?: number) =>
    Math.min(...samples.slice(from, to).map(({ rssMb }) => rssMb));
  return quarter === 0 ? 0 : least(-quarter) - least(quarter, quarter * 2);
}

const bearer = (token: string | undefined) => ({ authorization: `Bearer ${token ?? ''}` });

function honestPath(mayCheck: boolean): string {
  const index = Math.floor(Math.random() * 1_000);
  const one = `/v1/mcpservers/team-${Math.floor(index / 50)}/server-${index}`;
  const dice = Math.random();
  if (dice < 0.05 && mayCheck) return `${one}/check`;
  if (dice < 0.55) return one;
  if (dice < 0.8) return `/v1/mcpservers?namespace=team-${index % 20}`;
  if (dice < 0.81) return '/v1/mcpservers';
  return dice < 0.93 ? '/v1/me' : '/v1/config';
}

const unknownKeyPath = '/v1/me?unknown-key';

/** None of it is anything that a client of ours would send. */
async function rubbish(token: string): Promise<Asked> {
  const server = '/v1/mcpservers/team-0/server-0';
  const now = Math.floor(Date.now() / 1_000);
  return pick<() => Asked | Promise<Asked>>([
    () => ({ path: '/v1/mcpservers', headers: bearer('x') }),
    () => ({ path: '/v1/mcpservers', headers: bearer(randomBytes(600).toString('base64url')) }),
    () => ({ path: '/v1/me', headers: { authorization: 'Basic YTpi' } }),
    () => ({ path: '/v1/me', headers: bearer(`${token.slice(0, -8)}AAAAAAAA`) }),
    async () => ({ path: '/v1/me', headers: bearer(await tokenOf('ada', stranger)) }),
    async () => ({
      path: unknownKeyPath,
      headers: bearer(await tokenOf('ada', stranger, randomBytes(9).toString('base64url'))),
    }),
    async () => ({
      path: '/v1/me',
      headers: bearer(
        await new SignJWT({ sub: 'ada', iss: issuer.url, aud: audience, exp: now - 60 })
          .setProtectedHeader({ alg: 'ES256', kid: 'a' })
          .sign(privateKey),
      ),
    }),
    () => ({
      path: '/v1/me',
      headers: bearer(`${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`),
    }),
    () => ({ path: '/v1/mcpservers?limit=-1', headers: bearer(token) }),
    () => ({ path: '/v1/mcpservers?limit=1e9', headers: bearer(token) }),
    () => ({ path: '/v1/mcpservers?continue=x', headers: bearer(token) }),
    () => ({ path: '/v1/mcpservers?namespace=../..', headers: bearer(token) }),
    () => ({ path: '/v1/mcpservers/..%2f..%2fapi/x', headers: bearer(token) }),
    () => ({ path: `/v1/mcpservers/team-0/${'a'.repeat(4_000)}`, headers: bearer(token) }),
    () => ({ path: `/${randomBytes(9).toString('hex')}` }),
    () => ({ path: '/v1/mcpservers', method: 'PUT', headers: bearer(token) }),
    () => ({ path: '/v1/me', method: 'OPTIONS', headers: { origin: 'https://evil.example.com' } }),
    () => ({ path: `${server}/session`, method: 'POST' }),
    () => ({
      path: `${server}/session`,
      method: 'POST',
      headers: bearer(token),
      body: '['.repeat(90_000),
    }),
    () => ({
      path: `${server}/session/complete`,
      method: 'POST',
      headers: bearer(token),
      body: '{}',
    }),
    () => ({
      path: `${server}/session`,
      method: 'POST',
      headers: bearer(token),
      body: '{"returnTo":1}',
    }),
    () => ({ path: '/v1/sessions', method: 'DELETE', headers: bearer('x') }),
  ])();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
