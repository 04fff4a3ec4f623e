/** What a command loads and opens before it has an answer: people wait for it at every start. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import { runMuster } from './run.ts';
import { aRow } from './rows.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();

const send = (response: Parameters<RequestListener>[1], body: unknown) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function loadedBy(answer: RequestListener): Promise<ReadonlySet<string>> {
  const { url, close } = await listen(createServer(answer));
  box.endAfter(close);
  const hook = join(box.home, 'hook.cjs');
  const lines = `process.on('exit', () => console.error(process.moduleLoadList.join('\\n')));`;
  await writeFile(hook, lines);
  const { code, stderr } = await runMuster(box.file, 'list mcpserver', {
    endpoint: url,
    home: box.home,
    environment: { NODE_OPTIONS: `--require ${hook}` },
  });
  expect(code).toBe(0);
  return new Set(stderr.split('\n').map((line) => line.replace('NativeModule ', '')));
}

const costly = ['crypto', 'fs/promises', 'https', 'tls', 'perf_hooks', 'child_process', 'zlib'];
const empty = { items: [], problems: [] };

test('a list without a sign-in at an http address loads no module of Node that it does not need', async () => {
  const loaded = await loadedBy((_request, response) => send(response, empty));
  expect(loaded).toContain('http');
  expect(costly.filter((name) => loaded.has(name))).toEqual([]);
});

test('only an answer in gzip loads what reads it', async () => {
  const loaded = await loadedBy((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify(empty))),
  );
  expect(costly.filter((name) => loaded.has(name))).toEqual(['zlib']);
});

describe('at an https address', () => {
  let endpoint: string;
  let connections: number;
  let requests: number;
  let answer: RequestListener;

  beforeEach(async () => {
    [connections, requests] = [0, 0];
    const authority = await createAuthority();
    const { certPem: cert, keyPem: key } = await authority.issue({ hosts: ['127.0.0.1'] });
    const server = createTlsServer({ cert, key }, (request, response) => {
      requests += 1;
      answer(request, response);
    });
    server.on('secureConnection', () => (connections += 1));
    const { port, close } = await listen(server);
    box.endAfter(close);
    endpoint = `https://127.0.0.1:${String(port)}`;
    await writeFile(join(box.home, 'ca.pem'), authority.caPem);
  });

  const list = () =>
    runMuster(box.file, 'list mcpserver -o name', {
      endpoint,
      home: box.home,
      environment: { NODE_EXTRA_CA_CERTS: join(box.home, 'ca.pem') },
    });
  const page = (index: number) => ({
    items: [aRow({ name: `server-${String(index)}` })],
    problems: [],
    ...(index < 3 ? { continue: `page-${String(index + 1)}` } : {}),
  });

  test('all pages of a list use one connection', async () => {
    answer = (_request, response) => send(response, page(requests));
    expect(await list()).toEqual({ code: 0, stdout: 'server-1\nserver-2\nserver-3\n', stderr: '' });
    expect({ connections, requests }).toEqual({ connections: 1, requests: 3 });
  });

  test('a connection that the server closes between two pages is replaced', async () => {
    let pages = 0;
    answer = (request, response) => {
      if (requests === 2) request.socket.destroy();
      else send(response, page((pages += 1)));
    };
    expect(await list()).toEqual({ code: 0, stdout: 'server-1\nserver-2\nserver-3\n', stderr: '' });
    expect({ connections, requests }).toEqual({ connections: 3, requests: 4 });
  });
});
