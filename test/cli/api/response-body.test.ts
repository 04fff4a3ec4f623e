import { createServer, type RequestListener } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { exchange, type HttpRequest, request } from '../../../cli/api/request.ts';
import { NoResponse } from '../../../cli/api/no-response.ts';
import { CliError } from '../../../cli/context.ts';
import { listen } from '../../../local/listen.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));

async function served(answer: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(answer));
  open.push(close);
  return url;
}

const encoded =
  (body: Buffer | string, encoding: string, status = 200, type = 'application/json') =>
  (...[, response]: Parameters<RequestListener>) =>
    void response
      .writeHead(status, { 'content-type': type, 'content-encoding': encoding })
      .end(body);

const get = (url: string, facts: Partial<HttpRequest> = {}) =>
  exchange({ method: 'GET', url, ...facts });

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'no failure',
    (error: unknown) => error,
  );

test('a read asks for gzip and a change does not; both read what is sent in it', async () => {
  const asked: unknown[] = [];
  const url = await served((incoming, response) => {
    asked.push([incoming.method, incoming.headers['accept-encoding']]);
    encoded(gzipSync('{"text":"é"}'), 'gzip')(incoming, response);
  });
  for (const method of ['GET', 'POST', 'DELETE'] as const)
    expect((await exchange({ method, url })).body).toEqual({ text: 'é' });
  expect(asked).toEqual([
    ['GET', 'gzip'],
    ['POST', undefined],
    ['DELETE', undefined],
  ]);
});

test.each(['gzip', 'x-gzip', ' GZIP ', 'identity', ''])(
  'an answer whose encoding is "%s" is read',
  async (encoding) => {
    const isPlain = encoding === 'identity' || encoding === '';
    const url = await served(encoded(isPlain ? '{"a":1}' : gzipSync('{"a":1}'), encoding));
    expect((await get(url)).body).toEqual({ a: 1 });
  },
);

test('what a proxy decompressed is read although it is still called gzip', async () => {
  const url = await served(encoded('{"a":1}', 'gzip'));
  expect((await get(url)).body).toEqual({ a: 1 });
});

test('a limit counts what gzip stands for, and so does the length of an answer', async () => {
  const url = await served(encoded(gzipSync(JSON.stringify('x'.repeat(2_000_000))), 'gzip'));
  expect((await get(url, { maxBytes: 2_000_002 })).bytes).toBe(2_000_002);
  const failure = await failureOf(get(url, { maxBytes: 2_000_001 }));
  expect(failure).toBeInstanceOf(CliError);
  expect(failure).toMatchObject({ message: `The response from ${url} is longer than 2 MB.` });
});

const whole = gzipSync(JSON.stringify({ items: Array.from({ length: 500 }, (_, index) => index) }));
const flipped = Buffer.from(whole);
flipped.writeUInt32LE(0, whole.length - 8);

test.each<[string, Buffer | string]>([
  ['gzip that breaks off', whole.subarray(0, whole.length / 2)],
  ['gzip without its end', whole.subarray(0, -1)],
  ['gzip with a wrong checksum', flipped],
])('%s is no answer', async (_, body) => {
  const url = await served(encoded(body, 'gzip'));
  const failure = await failureOf(get(url));
  expect(failure).toBeInstanceOf(NoResponse);
  expect(failure).toMatchObject({
    message: expect.stringMatching(
      /^http:\S+: the compressed response is broken or incomplete \(Z_\w+\)\.$/,
    ),
    hint: `Try again. If it fails again, check whether a proxy between here and ${new URL(url).host} changes responses.`,
  });
});

test('an encoding that was not asked for is an error that names it', async () => {
  const url = await served(encoded(brotliCompressSync('{}'), 'br'));
  expect(await failureOf(get(url))).toMatchObject({
    message: `The response from ${url} has an unknown encoding: br.`,
    hint: `Only gzip can be read. Check whether a proxy between here and ${new URL(url).host} changes responses.`,
  });
});

test('of an error, and of a page for people, the encoding does not matter', async () => {
  const failed = await served(encoded(brotliCompressSync('down'), 'br', 502));
  expect(await failureOf(request({ method: 'GET', url: failed }))).toMatchObject({
    message: `${failed} responded with HTTP 502.`,
  });
  const page = await served(encoded(brotliCompressSync('<html>'), 'br', 200, 'text/html'));
  expect(await failureOf(request({ method: 'GET', url: page }))).toMatchObject({
    message: `Unexpected response from ${page}: a web page (HTTP 200). Is it the muster endpoint?`,
  });
});

test('an answer without a body may name an encoding', async () => {
  const url = await served(encoded('', 'gzip', 304));
  expect(await get(url)).toMatchObject({ status: 304, body: undefined, bytes: 0 });
});
