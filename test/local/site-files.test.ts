import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFunctionUrl } from '../../local/lambda.ts';
import type { Listening } from '../../local/listen.ts';
import { siteFiles } from '../../local/site-files.ts';

let folder: string;
let built: Listening;
let unbuilt: Listening;

const files = {
  'secret.txt': 'outside of the site',
  'dist/index.html': '<title>Start</title>',
  'dist/404.html': '<title>Not found</title>',
  'dist/live/index.html': '<title>Live</title>',
  'dist/_astro/live.a1.js': 'export {};',
  'dist/a b/ü.svg': '<svg/>',
  'dist/.hidden': 'hidden',
  'dist/v1/index.html': 'not the endpoint',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-site-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const handler = async () => ({ statusCode: 299, body: 'the endpoint' });
  const serve = (name: string) =>
    startFunctionUrl({ handler, files: siteFiles(pathToFileURL(join(folder, name))) });
  [built, unbuilt] = await Promise.all([serve('dist/'), serve('later/')]);
});
afterAll(async () => {
  await Promise.all([built.close(), unbuilt.close()]);
  await rm(folder, { recursive: true });
});

/** As it is written: fetch would tidy the path. */
const ask = (
  path: string,
  { to = built, method = 'GET', host }: { to?: Listening; method?: string; host?: string } = {},
) =>
  new Promise<{
    status: number | undefined;
    headers: NodeJS.Dict<string | string[]>;
    text: string;
  }>((done, failed) => {
    const headers = host === undefined ? {} : { host };
    request({ host: '127.0.0.1', port: to.port, path, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        done({
          status: answer.statusCode,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    })
      .on('error', failed)
      .end();
  });

test.each([
  ['/', 200, 'text/html; charset=utf-8', '<title>Start</title>'],
  ['/?a=b', 200, 'text/html; charset=utf-8', '<title>Start</title>'],
  ['/live/?code=x&state=y', 200, 'text/html; charset=utf-8', '<title>Live</title>'],
  ['/_astro/live.a1.js', 200, 'text/javascript; charset=utf-8', 'export {};'],
  ['/a%20b/%C3%BC.svg', 200, 'image/svg+xml; charset=utf-8', '<svg/>'],
  ['/nothing/here', 404, 'text/html; charset=utf-8', '<title>Not found</title>'],
])('%s of the site is a %d of the type %s', async (path, status, type, text) => {
  const answer = await ask(path);
  expect(answer).toMatchObject({ status, text });
  expect(answer.headers).toMatchObject({
    'content-type': type,
    'content-length': String(Buffer.byteLength(text)),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  });
});

test('HEAD says the same as GET, without the file', async () => {
  const answer = await ask('/live/', { method: 'HEAD' });
  expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-length': '19' } });
});

test('a folder without its slash leads to the one with it', async () => {
  const answer = await ask('/live?ns=team-a');
  expect(answer).toMatchObject({ status: 308, headers: { location: '/live/?ns=team-a' } });
});

test('the live page runs only scripts of its own and is in no frame, and its address goes nowhere', async () => {
  const { headers } = await ask('/live/');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect((await ask('/')).headers).not.toHaveProperty('content-security-policy');
});

test('the live page is at the address that the issuer leads back to, whatever name it was opened by', async () => {
  const answer = await ask('/live/?ns=a', { host: `localhost:${built.port}` });
  expect(answer).toMatchObject({ status: 307, headers: { location: `${built.url}/live/?ns=a` } });
});

test.each([
  ['/v1/mcpservers', 'GET'],
  ['/v1/', 'GET'],
  ['/v1', 'GET'],
  ['/.well-known/oauth-client', 'GET'],
  ['/healthz', 'HEAD'],
  ['/live/', 'POST'],
  ['/', 'DELETE'],
  ['/', 'OPTIONS'],
])('%s with %s is for the endpoint', async (path, method) => {
  expect((await ask(path, { method })).status).toBe(299);
});

test.each([
  '/../secret.txt',
  '/live/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.txt',
  '/..%2fsecret.txt',
  '/live/..%2f..%2fsecret.txt',
  '/..%5csecret.txt',
  '/%5c..%5csecret.txt',
  '/.%00./secret.txt',
  '/secret.txt%00.html',
  '//secret.txt',
  '/%2Fetc/passwd',
  '/%2F%2Fetc/passwd',
  '//etc/passwd',
  '/file:%2F%2F%2Fetc%2Fpasswd',
  '/C:%5Cwindows%5Cwin.ini',
  '/.hidden',
  '/live/.%2e/.hidden',
  '/%',
  '/%E0%A4%A',
  `/${'x'.repeat(5_000)}`,
])('%s leads to no file', async (path) => {
  expect(await ask(path)).toMatchObject({ status: 404, text: '<title>Not found</title>' });
});

test('until the site is built, the live page names the one command, and needs no restart after it', async () => {
  for (const path of ['/', '/live/']) {
    const answer = await ask(path, { to: unbuilt });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.text).toContain('npm run site:build');
  }
  expect((await ask('/other', { to: unbuilt })).status).toBe(299);
  await mkdir(join(folder, 'later/live'), { recursive: true });
  await writeFile(join(folder, 'later/live/index.html'), 'built now');
  expect((await ask('/live/', { to: unbuilt })).text).toBe('built now');
});
