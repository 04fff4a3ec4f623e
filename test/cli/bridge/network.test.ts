/** The way to the server: certificates, proxies, and what a client passes on to the bridge. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAuthority } from '../../../local/certificates.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import { startHttpProxy } from '../../world/http-proxy.ts';
import { buildMuster, removeMuster, runMuster } from '../run.ts';
import { request, startChildClient } from './raw-client.ts';
import { open, type ReleaseDesk, startReleaseDesk, token } from './release-desk.ts';

let file: string;
let desk: ReleaseDesk;
let ca: string;
let server: Listening;
/** Remote ports of the requests, to see which came on one connection. */
let ports: (number | undefined)[];
let bearers: (string | undefined)[];
beforeAll(async () => {
  const authority = await createAuthority();
  [file, desk] = await Promise.all([buildMuster(), startReleaseDesk()]);
  ca = join(desk.home, 'ca.pem');
  const [certificate] = await Promise.all([
    authority.issue({ hosts: ['mcp.example.com', '127.0.0.1'] }),
    writeFile(ca, authority.caPem),
  ]);
  server = await listen(
    createServer({ cert: certificate.certPem, key: certificate.keyPem }, (asked, response) => {
      ports.push(asked.socket.remotePort);
      bearers.push(asked.headers.authorization);
      let text = '';
      asked.on('data', (chunk) => (text += String(chunk)));
      asked.on('end', () => {
        const { id }: { id: unknown } = JSON.parse(text);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
      });
    }),
  );
});
afterAll(() => Promise.all([removeMuster(file), desk.close(), server.close()]));
beforeEach(() => {
  [ports, bearers] = [[], []];
});

async function calls(environment: Record<string, string>, count = 1) {
  const client = startChildClient(file, { ...desk, environment });
  try {
    const answers = [];
    for (let id = 1; id <= count; id += 1) {
      client.send(request(id, 'ping'));
      answers.push(await client.answerTo(id));
    }
    return answers;
  } finally {
    await client.end();
  }
}

test('a server with a private certificate is reached with NODE_EXTRA_CA_CERTS, on one connection', async () => {
  desk.answer = () => token(`https://127.0.0.1:${String(server.port)}/mcp`, 'one');
  const answers = await calls({ NODE_EXTRA_CA_CERTS: ca }, 3);
  expect(answers).toMatchObject([{ result: {} }, { result: {} }, { result: {} }]);
  expect(new Set(ports).size).toBe(1);
  expect(bearers).toEqual(Array(3).fill('Bearer one'));
});

test('a certificate that is not trusted is explained, and nothing is sent', async () => {
  desk.answer = () => token(`https://127.0.0.1:${String(server.port)}/mcp`, 'one');
  expect(await calls({})).toMatchObject([
    {
      error: {
        message: expect.stringMatching(
          /^default\/server-a: the TLS certificate is not trusted \(\w+\)\. .*NODE_EXTRA_CA_CERTS.* run: muster check default\/server-a$/,
        ),
      },
    },
  ]);
  expect(bearers).toEqual([]);
});

test('a server behind a proxy is reached through one tunnel, with its own name in TLS', async () => {
  const proxy = await startHttpProxy({ routes: { 'mcp.example.com:443': server.port } });
  desk.answer = () => open('https://mcp.example.com/mcp');
  const answers = await calls({ NODE_EXTRA_CA_CERTS: ca, HTTPS_PROXY: proxy.url }, 3);
  await proxy.close();
  expect(answers).toMatchObject([{ result: {} }, { result: {} }, { result: {} }]);
  expect(proxy.asked).toEqual(['CONNECT mcp.example.com:443']);
});

test('a proxy that does not let the bridge through explains itself', async () => {
  const proxy = await startHttpProxy({ routes: {}, credentials: 'ada:secret' });
  desk.answer = () => open('https://mcp.example.com/mcp');
  const [answer] = await calls({ HTTPS_PROXY: proxy.url });
  await proxy.close();
  expect(JSON.stringify(answer)).toContain('requires a user name and a password');
});

test.each([
  ['connect /', '"/" is not a name'],
  ['connect server-a', 'No endpoint is set'],
])('muster %s, which no restart can fix, ends with an error', async (line, message) => {
  const { code, stdout, stderr } = await runMuster(file, line, { home: desk.home });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
});
