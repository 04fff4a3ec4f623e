/** The only secret that a command prints, and only where it was asked for. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { declareServers } from '../../../../local/declare-servers.ts';
import { ada } from '../../../../local/issuer.ts';
import { listen } from '../../../../local/listen.ts';
import { type LocalMcpServer, startMcpServer } from '../../../../local/mcp-servers.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf } from '../../../world/browser.ts';
import { leaks } from '../../../world/leaks.ts';
import { aManifest } from '../../../world/manifest.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../../run.ts';

let file: string;
let world: World;
let home: string;
/** Single sign-on forwards the ID token to it. */
let forwardedTo: LocalMcpServer;
const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, {
    endpoint: world.url,
    home,
    onAddress: (address) => browserOf(ada).visit(address),
    ...run,
  });
beforeAll(async () => {
  const { port, close } = await listen(createServer());
  await close();
  [file, world, home] = await Promise.all([
    buildMuster(),
    startWorld({ settings: { FORWARD_HOSTS: `127.0.0.1:${String(port)}` } }),
    mkdtemp(join(tmpdir(), 'muster-home-')),
  ]);
  forwardedTo = await startMcpServer({
    port,
    oauth: { issuer: world.issuer.url, audience: 'muster-cli', scopes: [] },
  });
  const spec = {
    type: 'streamable-http',
    url: forwardedTo.url,
    auth: { type: 'oauth', forwardToken: true },
  };
  await declareServers(
    world.environment['KUBECONFIG_YAML'] ?? '',
    JSON.stringify(aManifest({ name: 'forwarded', namespace: 'default', spec })),
    'the test',
  );
  await world.sweep({ everything: true });
  for (const line of ['auth login', 'auth login --server server-b']) await muster(line);
});
afterAll(() =>
  Promise.all([
    world.close(),
    forwardedTo.close(),
    removeMuster(file),
    rm(home, { recursive: true }),
  ]),
);

const urlOf = async (name: string): Promise<string> =>
  (await world.list()).items.find((row) => row.name === name)?.url ?? '';

test('prints the token of the person for this server, and nothing else', async () => {
  const { code, stdout, stderr } = await muster('auth token --server server-b --debug');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(decodeJwt(stdout.trim())).toMatchObject({ sub: 'ada', aud: await urlOf('server-b') });
  // The line of --debug is all there is beside it.
  expect(stderr.replace(/^debug: .*\n/gm, '')).toBe('');
  expect(stderr).not.toContain(stdout.trim());
  expect(leaks()).toEqual([]);
});

test('a script reaches the server with it', async () => {
  const { stdout } = await muster('auth token --server default/server-b');
  const response = await fetch(await urlOf('server-b'), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stdout.trim()}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'curl', version: '1' },
      },
    }),
  });
  expect(response.status).toBe(200);
  await response.body?.cancel();
});

test('--header prints the headers for headersHelper: a JSON object of texts', async () => {
  const [plain, header] = await Promise.all([
    muster('auth token --server server-b'),
    muster('auth token --server server-b --header'),
  ]);
  expect(JSON.parse(header.stdout)).toEqual({ Authorization: `Bearer ${plain.stdout.trim()}` });
});

test('a server with forwarding takes the ID token, and a line says what that is', async () => {
  const { code, stdout, stderr } = await muster('auth token --server forwarded');
  expect(code).toBe(0);
  expect(decodeJwt(stdout.trim())).toMatchObject({ aud: 'muster-cli', sub: 'ada' });
  expect(stderr).toBe(
    `default/forwarded takes your sign-in to muster: this is your ID token. Send it only to ${forwardedTo.url}\n`,
  );
});

describe('without a token there is nothing on stdout, and a next step', () => {
  test.each([
    [
      'auth token',
      1,
      'Error: muster auth token needs --server.\nIt prints your token for one MCP server. The command of this name of giantswarm/muster prints',
    ],
    [
      'auth token --server server-d',
      1,
      'Error: default/server-d asks for no sign-in, so there is no token.\nSend requests without a token to http://127.0.0.1:',
    ],
    ['auth token --server server-a', 2, 'Run: muster auth login --server default/server-a\n'],
    ['auth token --server nowhere', 1, 'Error: There is no MCPServer nowhere.\n'],
  ])('%s', async (line, code, message) => {
    const ended = await muster(line);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(message);
  });
});
