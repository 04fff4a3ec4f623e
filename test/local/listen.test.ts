import { readdir, readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { startStore } from '../../local/dynamodb.ts';
import { startBus } from '../../local/event-bus.ts';
import { startIssuer } from '../../local/issuer.ts';
import { startFunctionUrl } from '../../local/lambda.ts';
import { mostBodyBytes } from '../../local/listen.ts';
import { startMcpServer } from '../../local/mcp-servers.ts';
import { crdFile } from '../world/manifest.ts';

type Listener = { readonly url: string; readonly close: () => Promise<void> };

const authority = await createAuthority();
const tls = await authority.issue({ hosts: ['127.0.0.1'] });

/** Everything that `npm start` and the tests let listen. */
const starts: Readonly<Record<string, () => Promise<Listener>>> = {
  endpoint: () => startFunctionUrl({ handler: async () => '{}' }),
  'cluster API': () => startCluster({ crdFile }),
  issuer: () => startIssuer(),
  'issuer with TLS': () => startIssuer({ tls }),
  bus: () => startBus([]),
  store: () => startStore(),
  'MCP server': () => startMcpServer(),
  'MCP server with TLS': () => startMcpServer({ tls }),
};
const names = Object.keys(starts);

const running = new Map<string, Listener>();
beforeAll(async () => {
  const entries = Object.entries(starts);
  await Promise.all(entries.map(async ([name, start]) => running.set(name, await start())));
});
afterAll(() => Promise.all([...running.values()].map(({ close }) => close())));

const urlOf = (name: string): URL => new URL(running.get(name)?.url ?? '');

/** So many MiB, without a length before them. */
const chunksOf = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, () => Buffer.alloc(1024 * 1024, 'a'));

/** The status of the answer; fetch would not let us choose the Host. */
const statusOf = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', body = [] }: { method?: string; body?: readonly Buffer[] } = {},
): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const tlsOf = { ca: authority.caPem, checkServerIdentity: () => undefined };
    const sent = send(url, { method, headers, ...tlsOf }, (response) => {
      response.resume();
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    for (const chunk of body) sent.write(chunk);
    sent.end();
  });

describe.each(names)('%s', (name) => {
  test.each([
    'rebound.example',
    'rebound.example:8787',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'notlocalhost',
    '127.0.0.1@rebound.example',
    '169.254.169.254',
    '10.0.0.1',
    '[::2]',
    '0.0.0.0',
  ])('refuses the host %s', async (host) => {
    expect(await statusOf(urlOf(name), { host })).toBe(403);
  });

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST', 'muster.localhost', '127.8.9.10', '[::1]'])(
    'serves the host %s, with a port and without',
    async (host) => {
      for (const value of [host, `${host}:${urlOf(name).port}`])
        expect(await statusOf(urlOf(name), { host: value })).not.toBe(403);
    },
  );

  test('refuses a body past the bound, before it is sent', async () => {
    const headers = { 'content-length': String(300 * 1024 * 1024) };
    expect(await statusOf(urlOf(name), headers, { method: 'POST', body: [] }).catch(String)).toBe(
      413,
    );
  });

  test('refuses a body past the bound that tells no length', async () => {
    const headers = { 'transfer-encoding': 'chunked' };
    const body = chunksOf(7);
    expect(await statusOf(urlOf(name), headers, { method: 'POST', body })).toBe(413);
  });
});

test('a body just within the bound arrives whole', async () => {
  const seen: number[] = [];
  const { url, close } = await startFunctionUrl({
    handler: async ({ body, isBase64Encoded }) => {
      seen.push(isBase64Encoded ? Buffer.from(body ?? '', 'base64').length : (body?.length ?? 0));
      return '{}';
    },
  });
  const post = async (size: number): Promise<number> =>
    (await fetch(url, { method: 'POST', body: 'a'.repeat(size) })).status;
  expect(await post(mostBodyBytes)).toBe(200);
  expect(await post(mostBodyBytes + 1)).toBe(413);
  expect(await statusOf(new URL(url), {}, { method: 'POST', body: chunksOf(6) })).toBe(200);
  expect(seen).toEqual([mostBodyBytes, mostBodyBytes]);
  await close();
});

test.each(names.filter((name) => !name.endsWith('TLS')))(
  '%s outlives a body that breaks off',
  async (name) => {
    const { port, host } = urlOf(name);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end(`POST /mcp HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 100\r\n\r\n{`);
    await setTimeout(50);
    socket.destroy();
    await setTimeout(50);
    expect(await statusOf(urlOf(name), { host: 'rebound.example' })).toBe(403);
  },
);

test('nothing in local/ listens past listen.ts', async () => {
  const folder = fileURLToPath(new URL('../../local/', import.meta.url));
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const listening: string[] = [];
  for (const file of files)
    if (/\.listen\(/.test(await readFile(join(folder, file), 'utf8'))) listening.push(file);
  expect(listening).toEqual(['listen.ts']);
});
