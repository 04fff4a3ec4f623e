import { createServer, type RequestListener } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { CliError } from '../../../cli/context.ts';
import { exchange, request } from '../../../cli/api/request.ts';
import { listen } from '../../../local/listen.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));

async function served(answer: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(answer));
  open.push(close);
  return url;
}

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'no failure',
    (error: unknown) =>
      error instanceof CliError
        ? { message: error.message, exitCode: error.exitCode, hint: error.hint }
        : error,
  );

test.each<[string, RequestListener]>([
  ['never answers', () => {}],
  ['stops in the middle of its answer', (_, response) => void response.writeHead(200).write('{')],
])('a server that %s is given up in time', async (_, answer) => {
  const url = await served(answer);
  const started = Date.now();
  expect(await failureOf(exchange({ method: 'GET', url, timeoutMs: 200 }))).toMatchObject({
    message: `${url}: no response within 0.2 s.`,
  });
  expect(Date.now() - started).toBeLessThan(1_000);
});

test.each<[string, RequestListener]>([
  ['closes the connection', (_, response) => void response.destroy()],
  [
    'closes it in the middle of its answer',
    (_, response) =>
      void response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
  ],
])('a server that %s is told in words', async (_, answer) => {
  const url = await served(answer);
  expect(await failureOf(exchange({ method: 'GET', url }))).toMatchObject({
    message: `${url}: the connection was closed without a response.`,
  });
});

test('a problem document becomes an error with its words; 401 is the exit code for a sign-in', async () => {
  const url = await served((_, response) =>
    response
      .writeHead(401)
      .end('{"title":"No","detail":"Too old.","hint":"Run: muster auth login"}'),
  );
  expect(await failureOf(request({ method: 'GET', url }))).toEqual({
    message: 'No: Too old.',
    exitCode: 2,
    hint: 'Run: muster auth login',
  });
});

test('a redirect is not followed, and so a bearer never goes elsewhere', async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await served((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end();
  });
  const url = await served((_, response) => response.writeHead(302, { location: elsewhere }).end());
  expect(await failureOf(request({ method: 'GET', url, bearer: 'secret' }))).toMatchObject({
    message: `${url} redirects to ${elsewhere} (HTTP 302).`,
  });
  expect(seen).toEqual([]);
});

test('the bearer, JSON and forms are sent as they should be', async () => {
  const url = await served((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => response.end(JSON.stringify({ ...incoming.headers, body })));
  });
  expect((await exchange({ method: 'POST', url, bearer: 'b', body: { é: 1 } })).body).toMatchObject(
    {
      authorization: 'Bearer b',
      'content-type': 'application/json',
      body: '{"é":1}',
    },
  );
  expect(
    (await exchange({ method: 'POST', url, body: new URLSearchParams({ a: 'b c' }) })).body,
  ).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded',
    body: 'a=b+c',
  });
});
