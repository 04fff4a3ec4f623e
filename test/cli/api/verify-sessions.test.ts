/**
 * What a person has who lives with single sign-on, several terminals and no browser, against the
 * whole system on loopback.
 */
import { createServer } from 'node:http';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newOwner } from '../../../cli/token-store/lock-owner.ts';
import { declareServers } from '../../../local/declare-servers.ts';
import { ada } from '../../../local/issuer.ts';
import { listen } from '../../../local/listen.ts';
import { type LocalMcpServer, startMcpServer } from '../../../local/mcp-servers.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { browserOf } from '../../world/browser.ts';
import { aManifest } from '../../world/manifest.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../run.ts';

let file: string;
let world: World;
let mcp: LocalMcpServer;
let home: string;
beforeAll(async () => {
  const port = await freePort();
  [file, world] = await Promise.all([
    buildMuster(),
    startWorld({
      settings: {
        ANONYMOUS_LIST: 'off',
        AUDIENCE_NAMESPACES: 'default',
        FORWARD_HOSTS: `127.0.0.1:${String(port)}`,
      },
    }),
  ]);
  mcp = await startMcpServer({
    port,
    oauth: { issuer: world.issuer.url, audience: 'muster-cli', scopes: [] },
  });
  const forwarding = {
    type: 'streamable-http',
    url: mcp.url,
    auth: { type: 'oauth', forwardToken: true },
  };
  const manifests = [
    aManifest({ name: 'forwarded', namespace: 'default', spec: forwarding }),
    aManifest({
      name: 'closed',
      namespace: 'default',
      spec: { ...forwarding, url: mcp.url.replace('127.0.0.1', 'localhost') },
    }),
    aManifest({
      name: 'wanting',
      namespace: 'default',
      spec: { ...forwarding, auth: { ...forwarding.auth, requiredAudiences: ['kubernetes'] } },
    }),
  ];
  const yaml = manifests.map((one) => JSON.stringify(one)).join('\n---\n');
  const refused = await declareServers(
    world.environment['KUBECONFIG_YAML'] ?? '',
    yaml,
    'the test',
  );
  if (refused.length > 0) throw new Error(refused.join());
  await world.sweep({ everything: true });
});
afterAll(() => Promise.all([world.close(), mcp.close(), removeMuster(file)]));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'muster-home-'));
  return () => rm(home, { recursive: true });
});

async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, { endpoint: world.url, home, ...run });
const visit = (address: string) => browserOf(ada).visit(address);
const login = (line = 'auth login', run: Run = {}) => muster(line, { onAddress: visit, ...run });
const session = async (name: string) =>
  new RegExp(`^${name} .*$`, 'm').exec((await muster('list mcps')).stdout)?.[0]?.split(/ {3,}/)[2];

describe('single sign-on', () => {
  test('runs when one signs in to muster, and tells what came of it for each server', async () => {
    const { code, stderr } = await login();
    expect(code).toBe(0);
    expect(stderr).toContain('  default/forwarded: Authenticated [SSO: Forwarded]\n');
    expect(stderr).toMatch(
      /^ {2}default\/closed: Pending Auth \[SSO: Failed\] \(.*FORWARD_HOSTS\.\)$/m,
    );
    expect(await session('forwarded')).toBe('Authenticated [SSO: Forwarded]');
    expect(await session('closed')).toBe('Pending Auth [SSO: Failed]');
    const at = await muster('auth status --server forwarded');
    expect(at).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Verified: +less than a minute ago$/m),
    });
  });

  test('asks the issuer at sign-in for the audiences that servers want', async () => {
    let scope = '';
    const { stderr } = await login('auth login', {
      onAddress: (address) => {
        scope = new URL(address).searchParams.get('scope') ?? '';
        return visit(address);
      },
    });
    expect(scope.split(' ')).toContain('audience:server:client_id:kubernetes');
    // The local issuer does not know Dex's scopes: the token lacks the audience, and SESSION says
    // so.
    expect(stderr).toMatch(
      /default\/wanting: Pending Auth \[SSO: Failed\] \(.*not issued for kubernetes.*\)/,
    );
  });

  test('signs in without the audiences when the issuer refuses them, and says so', async () => {
    const asked: string[] = [];
    // As Dex answers a scope for a client that it does not know.
    const strict = async (address: string) => {
      const parameters = new URL(address).searchParams;
      asked.push(parameters.get('scope') ?? '');
      if (!(asked.at(-1) ?? '').includes('audience:')) return visit(address);
      const back = new URL(parameters.get('redirect_uri') ?? '');
      back.searchParams.set('state', parameters.get('state') ?? '');
      back.searchParams.set('iss', world.issuer.url);
      back.searchParams.set('error', 'invalid_scope');
      return fetch(back);
    };
    const { code, stderr } = await login('auth login', { onAddress: strict });
    expect(code).toBe(0);
    expect(asked).toEqual([
      expect.stringContaining(' audience:server:client_id:kubernetes'),
      expect.not.stringContaining('audience:'),
    ]);
    expect(stderr).toContain(
      `${world.issuer.url} refused the scopes that MCPServers added: audience:server:client_id:kubernetes.`,
    );
    expect(stderr).toContain('default/forwarded: Authenticated [SSO: Forwarded]');
  });

  test('an issuer that refuses its own scopes fails the sign-in, once', async () => {
    let asked = 0;
    const { code, stderr } = await login('auth login', {
      onAddress: (address) => {
        asked += 1;
        const parameters = new URL(address).searchParams;
        const back = new URL(parameters.get('redirect_uri') ?? '');
        back.searchParams.set('state', parameters.get('state') ?? '');
        back.searchParams.set('iss', world.issuer.url);
        back.searchParams.set('error', 'invalid_scope');
        return fetch(back);
      },
    });
    expect([code, asked]).toEqual([3, 2]);
    expect(stderr).toMatch(/does not allow one of the requested scopes\.\n.*OIDC_SCOPES/);
  });

  test('is run for one server by its name', async () => {
    await login();
    expect(await muster('auth login --server forwarded')).toMatchObject({
      code: 0,
      stderr: 'Signed in to default/forwarded [SSO: Forwarded].\n',
    });
    expect(await muster('auth logout --server forwarded')).toMatchObject({
      code: 0,
      stderr: 'default/forwarded uses your sign-in to muster. To end it, run: muster auth logout\n',
    });
    const { code, stderr } = await muster('auth login --server closed');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: default\/closed is Pending Auth: .*FORWARD_HOSTS/);
  });
});

test('auth status --verify asks the servers, and STATE stays what the sweep saw', async () => {
  await login();
  await login('auth login --server server-a');
  const verified = await muster('auth status --verify -o json');
  expect(verified.code).toBe(2);
  const {
    items,
  }: {
    items: { name: string; state: string; session: { word: string; lastVerified?: string } }[];
  } = JSON.parse(verified.stdout);
  const one = items.find(({ name }) => name === 'server-a');
  expect(one).toMatchObject({
    state: 'Connected',
    session: { status: 'Authenticated', lastVerified: expect.any(String) },
  });
});

describe('without a browser', () => {
  test('device authorization signs in with a browser anywhere', async () => {
    const { code, stderr } = await login('auth login --device');
    expect(stderr).toMatch(/^It asks for this code: [A-Z0-9-]{4,}$/m);
    expect(stderr).toContain(
      `Signed in to ${world.url} as ada@example.com.\nA sign-in with --device can only read. To sign in to servers, run: muster auth login\n`,
    );
    expect(code).toBe(0);
    expect(await muster('auth login --server forwarded')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Error: This sign-in has no key of this machine.\nRun: muster auth login\n',
    });
    expect(await muster('auth whoami')).toMatchObject({ code: 0, stdout: 'ada@example.com\n' });
  }, 40_000);

  test('it cannot be combined with one server', async () => {
    expect(await muster('auth login --server server-a --device')).toMatchObject({
      code: 1,
      stderr:
        'Error: --device cannot be combined with --server.\nRun: muster auth login --server server-a --no-browser\n',
    });
  });
});

async function keptTokens() {
  const folder = join(home, '.config', 'muster-serverless', 'tokens');
  const [name = ''] = await readdir(folder);
  const path = join(folder, name);
  const tokens: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8'));
  return { folder, path, tokens };
}

test.each([
  ['without a lock', undefined],
  ['that find the lock of a process that was killed', { pid: 2 ** 22 + 1, started: '1' }],
])('six commands %s refresh a token once, and all of them get their list', async (_, dead) => {
  await login();
  const { path, folder, tokens } = await keptTokens();
  if (dead !== undefined)
    await writeFile(`${path}.lock`, JSON.stringify({ ...newOwner(), ...dead }));
  await writeFile(path, JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z' }));
  const ended = await Promise.all(Array.from({ length: 6 }, () => muster('list mcps -o name')));
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(
    Array.from({ length: 6 }, () => [0, '']),
  );
  expect((await keptTokens()).tokens['refreshToken']).not.toBe(tokens['refreshToken']);
  expect(await readdir(folder)).toHaveLength(1);
});

test('--debug tells what is asked of whom, and no secret', async () => {
  const { stderr } = await login('auth login --debug');
  expect(stderr).toMatch(new RegExp(`^debug: GET ${world.url}/v1/config -> 200 in \\d+ ms$`, 'm'));
  expect(stderr).toMatch(/^debug: POST .*\/token -> 200 in \d+ ms$/m);
  const { tokens } = await keptTokens();
  const listed = await muster('list mcps --debug');
  for (const secret of [tokens['idToken'], tokens['refreshToken']])
    expect(stderr + listed.stdout + listed.stderr).not.toContain(secret);
});

test('an endpoint may want access tokens of its own: they are asked for, refreshed, and forwarded to nobody', async () => {
  // The audience is the endpoint itself, so its port has to be known before it starts.
  const { port, close } = await listen(createServer());
  await close();
  const audience = `http://127.0.0.1:${String(port)}`;
  const other = await startWorld({
    port,
    settings: { ANONYMOUS_LIST: 'off', BEARER_AUDIENCE: audience, FORWARD_HOSTS: '*.example.com' },
  });
  const there = { endpoint: other.url };
  expect(await login('auth login', there)).toMatchObject({ code: 0 });
  const kept = await keptTokens();
  expect(kept.tokens).toMatchObject({ resource: audience, accessToken: expect.any(String) });
  expect(await muster('auth whoami', there)).toMatchObject({ stdout: 'ada@example.com\n' });
  expect(await muster('list mcps -o name', there)).toMatchObject({ code: 0 });
  const asIdToken = await fetch(`${other.url}/v1/me`, {
    headers: { authorization: `Bearer ${String(kept.tokens['idToken'])}` },
  });
  expect(asIdToken.status).toBe(401);

  await writeFile(kept.path, JSON.stringify({ ...kept.tokens, expiresAt: '2020-01-01T00:00:00Z' }));
  expect(await muster('list mcps -o name', there)).toMatchObject({ code: 0 });
  expect((await keptTokens()).tokens['accessToken']).not.toBe(kept.tokens['accessToken']);
  await other.close();
});
