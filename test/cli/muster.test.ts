import { mkdtemp, readdir, readFile, rename, rm, stat, watch, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { ada, grace } from '../../local/issuer.ts';
import { listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { browserOf } from '../world/browser.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from './run.ts';

let file: string;
/** Closed to strangers, and open to them. */
let world: World;
let open: World;
beforeAll(async () => {
  [file, world, open] = await Promise.all([
    buildMuster(),
    startWorld({ settings: { ANONYMOUS_LIST: 'off' } }),
    startWorld(),
  ]);
  for (let count = 0; count < 3; count += 1)
    await Promise.all([world, open].map((one) => one.sweep({ everything: true })));
});
afterAll(() => Promise.all([world.close(), open.close(), removeMuster(file)]));

/** Where one person keeps their configuration on one machine. */
let home: string;
const homes: string[] = [];
const newHome = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-home-'));
  homes.push(folder);
  return folder;
};
beforeEach(async () => {
  home = await newHome();
});
afterAll(() => Promise.all(homes.map((folder) => rm(folder, { recursive: true }))));

const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, { endpoint: world.url, home, ...run });

/** Ada, or another one, signs in with a browser that follows the address on stderr. */
const signInTo = (line: string, run: Run = {}, persona = ada): Promise<Ended> =>
  muster(line, { onAddress: (address) => browserOf(persona).visit(address), ...run });

const twin = (namespace: string): string => `apiVersion: muster.giantswarm.io/v1alpha1
kind: MCPServer
metadata: { name: twin, namespace: ${namespace} }
spec: { type: streamable-http, url: 'http://127.0.0.1:1/mcp' }
`;

describe('signed out', () => {
  test('the list of an open endpoint has no SESSION', async () => {
    expect(await muster('list mcpserver', { endpoint: open.url })).toEqual({
      code: 0,
      stdout: `NAME       STATE       TYPE
server-a   Connected   streamable-http
server-b   Connected   streamable-http
server-c   Failed      streamable-http
server-d   Connected   streamable-http
`,
      stderr: '',
    });
  });

  test('the list of a closed endpoint is exit 2 with the command to run', async () => {
    expect(await muster('list mcpserver')).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error: You are not signed in to ${world.url}.\nRun: muster auth login\n`,
    });
  });

  test.each(['check server-a', 'auth whoami', 'auth login --server server-a', 'auth logout --all'])(
    'muster %s is exit 2',
    async (line) => {
      const { code, stderr } = await muster(line);
      expect(code).toBe(2);
      expect(stderr).toBe(
        `Error: You are not signed in to ${world.url}.\nRun: muster auth login\n`,
      );
    },
  );

  test('the rows of a table come without conditions, and are the same rows', async () => {
    const ask = async (query: string) => {
      const { items } = listSchema.parse(
        await (await fetch(`${open.url}/v1/mcpservers${query}`)).json(),
      );
      return {
        conditions: items.map(({ conditions }) => conditions.length),
        rest: items.map(({ conditions, since, ...row }) => [
          row,
          // In place of the condition that says it.
          since ?? conditions.find(({ type }) => type === 'Reachable')?.lastTransitionTime,
        ]),
      };
    };
    const [whole, short] = await Promise.all([ask(''), ask('?conditions=none')]);
    expect(whole.conditions).not.toContain(0);
    expect(short).toEqual({ conditions: whole.conditions.map(() => 0), rest: whole.rest });
    expect((await fetch(`${open.url}/v1/mcpservers?conditions=some`)).status).toBe(400);
  });

  test('auth status says so, lists no servers, and is exit 2', async () => {
    const { code, stdout } = await muster('auth status', { endpoint: open.url });
    expect(code).toBe(2);
    expect(stdout).toContain('  Status:    Not authenticated   Run: muster auth login\n');
    expect(stdout).not.toContain('server-c');
  });
});

describe('signed in', () => {
  beforeEach(async () => {
    await signInTo('auth login');
  });

  test('SESSION follows the person from server to server; STATE stays', async () => {
    const before = await muster('list mcpserver');
    expect(before.stdout).toBe(`NAME       STATE       SESSION        TYPE
server-a   Connected   Pending Auth   streamable-http
server-b   Connected   Pending Auth   streamable-http
server-c   Failed      -              streamable-http
server-d   Connected   -              streamable-http
`);
    const signedIn = await signInTo('auth login --server server-a');
    expect(signedIn.stderr).toContain('Signed in to default/server-a.\n');
    expect(signedIn.code).toBe(0);
    expect((await muster('list mcps')).stdout).toBe(`NAME       STATE       SESSION         TYPE
server-a   Connected   Authenticated   streamable-http
server-b   Connected   Pending Auth    streamable-http
server-c   Failed      -               streamable-http
server-d   Connected   -               streamable-http
`);
    const status = await muster('auth status');
    expect(status.code).toBe(2);
    expect(status.stdout).toMatch(
      /^ {2}Status: {4}Authenticated as ada@example.com\n {2}Expires: {3}in .* \(refreshes itself\)$/m,
    );
    expect(status.stdout).toContain('MCP Servers  (1 pending authentication)\n');
    expect(status.stdout).toMatch(/^ {2}server-a {3}Authenticated$/m);
    expect(status.stdout).toMatch(
      /^ {2}server-b {3}Pending Auth {5}Run: muster auth login --server server-b$/m,
    );

    expect(await muster('auth logout --server server-a')).toMatchObject({
      code: 0,
      stderr: 'Signed out of default/server-a.\n',
    });
    expect((await muster('list mcps')).stdout).toBe(before.stdout);
  });

  test('a sign-in that the person declines is exit 3', async () => {
    const { code, stderr } = await muster('auth login --server server-b', {
      onAddress: async (address) => {
        const { state = '', redirect_uri: callback = '' } = Object.fromEntries(
          new URL(address).searchParams,
        );
        await fetch(
          `${callback}?${new URLSearchParams({ state, error: 'access_denied' }).toString()}`,
        );
      },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: .*access_denied.*\nTry again\.\n$/m);
  });

  test('JSON holds the same words as the table', async () => {
    const { stdout } = await muster('list mcpserver -o json');
    const { items } = listSchema.parse({ problems: [], ...JSON.parse(stdout) });
    expect(Object.keys(JSON.parse(stdout))).toEqual(['items', 'problems']);
    expect(items.map(({ name, state, session }) => [name, state, session?.status])).toEqual([
      ['server-a', 'Connected', 'Pending Auth'],
      ['server-b', 'Connected', 'Pending Auth'],
      ['server-c', 'Failed', '-'],
      ['server-d', 'Connected', '-'],
    ]);
    const status: unknown = JSON.parse((await muster('auth status -o json')).stdout);
    expect(status).toMatchObject({
      authenticated: true,
      email: 'ada@example.com',
      items: items.map(({ name, uid, session }) => ({ name, uid, session })),
    });
  });

  test('yaml and name are also printed', async () => {
    expect((await muster('get mcpserver server-c -o yaml')).stdout).toMatch(
      /^namespace: default\nname: server-c\n/,
    );
    expect((await muster('list mcps -o name')).stdout).toBe(
      'server-a\nserver-b\nserver-c\nserver-d\n',
    );
    expect((await muster('list mcps --no-headers -A')).stdout).toMatch(
      /^default {3}server-a {3}Connected {3}Pending Auth {3}streamable-http\n/,
    );
  });

  test('auth status of one server shows its details', async () => {
    const { code, stdout } = await muster('auth status --server default/server-b');
    expect(code).toBe(2);
    expect(stdout).toBe(`Server:    default/server-b
State:     Connected (AuthenticationRequired)
Session:   Pending Auth
Next:      muster auth login --server server-b
`);
    expect((await muster('auth status --server server-d')).code).toBe(0);
  });

  test('check is exit 0 for a server that is Connected and exit 4 for one that is not', async () => {
    const up = await muster('check server-a --explain');
    expect(up.code).toBe(0);
    expect(up.stdout).toMatch(/^Server: {4}default\/server-a\nObserved: {2}HTTP 401/);
    expect(up.stdout).toMatch(/^State: {5}Connected\nReason: {4}AuthenticationRequired$/m);
    const down = await muster('check server-c');
    expect(down.code).toBe(4);
    expect(down.stdout).toMatch(/^server-c: Failed \(ConnectionRefused\): connection refused/);
    expect(JSON.parse((await muster('check server-c -o json')).stdout)).toMatchObject({
      reason: 'ConnectionRefused',
    });
  });

  test('a namespace that holds nothing: exit 0, words on stderr, JSON with no items', async () => {
    expect(await muster('list mcps -n nowhere')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No MCPServers found in nowhere\n',
    });
    const { code, stdout } = await muster('list mcps -n nowhere -o json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { items: [], problems: [] }]);
  });

  test('a name that occurs twice needs its namespace', async () => {
    await declareServers(
      world.environment['KUBECONFIG_YAML'] ?? '',
      `${twin('team-a')}---\n${twin('team-b')}`,
      'the test',
    );
    expect(await muster('get mcpserver twin')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'Error: "twin" is in 2 namespaces: team-a/twin, team-b/twin.\nUse the full name, for example: team-a/twin\n',
    });
    expect((await muster('get mcpserver team-b/twin --no-headers')).stdout).toMatch(
      /^twin {3}- {3}/,
    );
    expect((await muster('get mcpserver twin -n team-b -o name')).stdout).toBe('twin\n');
    expect((await muster('get mcpserver nobody')).stderr).toBe(
      'Error: There is no MCPServer nobody.\nRun: muster list mcpserver\n',
    );
  });

  test('whoami needs no network', async () => {
    const { code, stdout } = await muster('auth whoami');
    expect([code, stdout]).toEqual([0, 'ada@example.com\n']);
  });

  test('two persons see their own sessions', async () => {
    const other = await newHome();
    await signInTo('auth login', { home: other }, grace);
    await signInTo('auth login --server server-a');
    const sessions = async (of: string) =>
      /^server-a.*$/m.exec((await muster('list mcps', { home: of })).stdout)?.[0];
    expect(await sessions(home)).toContain('Authenticated');
    expect(await sessions(other)).toContain('Pending Auth');
    await muster('auth logout --all');
    expect((await muster('list mcps')).code).toBe(2);
    expect(await sessions(other)).toContain('Pending Auth');
  });

  test('the token file is for this user only, its tokens are in no output, and logout removes it', async () => {
    const folder = join(home, '.config', 'muster-serverless', 'tokens');
    const [name = ''] = await readdir(folder);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const tokens: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'));
    const secrets = Object.entries(Object(tokens)).flatMap(([key, value]) =>
      key.endsWith('Token') ? [String(value)] : [],
    );
    expect(secrets).toHaveLength(2);
    for (const line of ['auth status', 'auth status -o json', 'list mcps -o yaml', 'auth whoami']) {
      const { stdout, stderr } = await muster(line);
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
    }
    expect(await muster('auth logout')).toMatchObject({
      code: 0,
      stderr: `Signed out of ${world.url}.\n`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a bearer that is near its end is refreshed on the way', async () => {
    const { file: tokenFile, tokens } = await keptTokens();
    await writeFile(tokenFile, JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z' }));
    expect((await muster('list mcps')).code).toBe(0);
    const { tokens: renewed } = await keptTokens();
    expect(renewed['refreshToken']).not.toBe(tokens['refreshToken']);
    expect(Date.parse(String(renewed['expiresAt']))).toBeGreaterThan(Date.now());
  });

  test('a watch goes on with a sign-in that refreshes itself, and ends with 2 when it has ended', async () => {
    const listed = Promise.withResolvers<string>();
    const ended = muster('list -w --interval 1s', { onOutput: listed.resolve });
    expect(await listed.promise).toContain('SESSION');
    const { file: tokenFile, tokens } = await keptTokens();
    const changes = watch(dirname(tokenFile));
    const replaceTokens = async (changed: object): Promise<void> => {
      const next = { ...tokens, expiresAt: '2020-01-01T00:00:00Z', ...changed };
      await writeFile(join(home, 'next'), JSON.stringify(next), { mode: 0o600 });
      await rename(join(home, 'next'), tokenFile);
    };
    await replaceTokens({});
    const refreshToken = `"refreshToken": ${JSON.stringify(tokens['refreshToken'])}`;
    for await (const _ of changes) {
      const text = await readFile(tokenFile, 'utf8');
      if (text.includes('"refreshToken": ') && !text.includes(refreshToken)) break;
    }
    await replaceTokens({ refreshToken: 'made up' });
    const { code, stderr } = await ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: Your sign-in to .* could not be refreshed: .*\n/);
  });

  test('a refresh token that the issuer refuses is exit 2 with the command to run, and nothing is deleted', async () => {
    const { file: tokenFile, tokens } = await keptTokens();
    await writeFile(
      tokenFile,
      JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z', refreshToken: 'made up' }),
    );
    const { code, stdout, stderr } = await muster('list mcps');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^Error: Your sign-in to .* could not be refreshed: .*\nRun: muster auth login\n$/,
    );
    expect((await keptTokens()).tokens['refreshToken']).toBe('made up');
  });

  test('an expired bearer without a refresh token is exit 2, never a list without SESSION', async () => {
    const { file: tokenFile, tokens } = await keptTokens();
    const { refreshToken: _, ...rest } = tokens;
    await writeFile(tokenFile, JSON.stringify({ ...rest, expiresAt: '2020-01-01T00:00:00Z' }));
    const { code, stdout, stderr } = await muster('list mcps');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `Error: Your sign-in to ${world.url} has expired.\nRun: muster auth login\n`,
    );
  });

  test('an issuer that is down keeps the tokens and is exit 1', async () => {
    const { file: tokenFile, tokens } = await keptTokens();
    const away = { ...tokens, issuer: 'http://127.0.0.1:1', expiresAt: '2020-01-01T00:00:00Z' };
    await writeFile(tokenFile, JSON.stringify(away));
    const { code, stderr } = await muster('list mcps');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'could not be refreshed, because its issuer is unavailable: http://127.0.0.1:1: connection refused.',
    );
    expect((await keptTokens()).tokens).toEqual(away);
  });

  async function keptTokens(): Promise<{ file: string; tokens: Record<string, unknown> }> {
    const folder = join(home, '.config', 'muster-serverless', 'tokens');
    const [name = ''] = await readdir(folder);
    return {
      file: join(folder, name),
      tokens: { ...Object(JSON.parse(await readFile(join(folder, name), 'utf8'))) },
    };
  }
});

describe('sign-in to muster', () => {
  test('a stranger who knocks at the waiting page ends nothing; the true answer does', async () => {
    const { code, stdout, stderr } = await muster('auth login', {
      onAddress: async (address) => {
        const redirect = new URL(new URL(address).searchParams.get('redirect_uri') ?? '');
        for (const path of ['/callback?code=stolen&state=guessed', '/callback', '/favicon.ico']) {
          expect((await fetch(new URL(path, redirect))).status).toBe(404);
        }
        // Browsers connect ahead of time and then say nothing.
        const idle = connect(Number(redirect.port), '127.0.0.1');
        idle.on('error', () => {});
        const { html } = await browserOf(ada).visit(address);
        expect(html).toContain('You may close this page.');
      },
    });
    expect(stderr).toContain(`Signed in to ${world.url} as ada@example.com.\n`);
    expect([code, stdout]).toEqual([0, '']);
  });

  test.each([
    [
      'an answer of another issuer',
      { iss: 'https://evil.example.com', code: 'x' },
      'came from another issuer',
    ],
    [
      'an answer without the issuer, though it always says who it is',
      { code: 'x' },
      'came from another issuer',
    ],
    [
      'a refusal',
      { error: 'access_denied', error_description: 'not today' },
      'refused the sign-in: not today',
    ],
    ['a made-up code', { code: 'made-up' }, 'refused the code'],
  ])('%s is exit 3, and nothing is kept', async (_, answer, message) => {
    const iss =
      'iss' in answer || !('error' in answer || answer.code === 'made-up')
        ? {}
        : { iss: world.issuer.url };
    const { code, stderr } = await muster('auth login', {
      onAddress: async (address) => {
        const { searchParams } = new URL(address);
        const redirect = new URL(searchParams.get('redirect_uri') ?? '');
        redirect.search = new URLSearchParams({
          state: searchParams.get('state') ?? '',
          ...iss,
          ...answer,
        }).toString();
        await fetch(redirect);
      },
    });
    expect(stderr).toContain(message);
    expect(code).toBe(3);
    expect((await muster('auth whoami')).code).toBe(2);
  });

  test('it asks with PKCE S256, a state and a nonce', async () => {
    let asked = new URLSearchParams();
    await signInTo('auth login', {
      onAddress: (address) => {
        asked = new URL(address).searchParams;
        return browserOf(ada).visit(address);
      },
    });
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      client_id: 'muster-cli',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
    });
  });

  test('several endpoints are kept apart', async () => {
    await signInTo('auth login');
    expect((await muster('auth whoami', { endpoint: open.url })).code).toBe(2);
    await signInTo('auth login', { endpoint: open.url }, grace);
    expect((await muster('auth whoami')).stdout).toBe('ada@example.com\n');
    expect((await muster(`auth whoami --endpoint ${open.url}/`)).stdout).toBe(
      'grace@example.com\n',
    );
  });
});

describe('errors', () => {
  test('without an endpoint the error names the variable', async () => {
    const { code, stderr } = await runMuster(file, 'list mcpserver');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Error: No endpoint is set.\nSet MUSTER_SERVERLESS_ENDPOINT to the URL of the muster endpoint, or use --endpoint. npm start prints the export line.\n',
    );
  });

  test.each([
    [
      'http://127.0.0.1:1',
      'Error: http://127.0.0.1:1: connection refused.\nCheck that it is running and that the port is right. To start it on this machine, run: npm start\n',
    ],
    ['http://muster.invalid.localhost:1', undefined],
    [
      'http://muster.example.com',
      'Error: The endpoint http://muster.example.com does not use https.\nUse https. http is allowed only on this machine (127.0.0.1, localhost).\n',
    ],
    [
      'ftp://x',
      'Error: The endpoint "ftp://x" is not an HTTP address.\nUse a URL such as https://muster.example.com\n',
    ],
  ])('the endpoint %s', async (endpoint, message) => {
    const { code, stdout, stderr } = await muster('list mcpserver', { endpoint });
    expect([code, stdout]).toEqual([1, '']);
    if (message !== undefined) expect(stderr).toBe(message);
  });

  test('an endpoint that is something else is named', async () => {
    const other = await listen(createServer((_, response) => response.end('{"hello":1}')));
    const { code, stderr } = await muster('list mcpserver', { endpoint: other.url });
    await other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Error: Unexpected response from ${other.url}. Is it the muster endpoint?\n`,
    );
  });

  test('an unknown command is exit 1 with the nearest one', async () => {
    expect(await muster('list mcpservr')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: Unknown command "list mcpservr".\nDid you mean: muster list mcpserver\n',
    });
  });

  test.each(['auth', 'context', 'get'])(
    'muster %s alone is exit 1, with the help of the group on stderr',
    async (group) => {
      const { code, stdout, stderr } = await muster(group);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr.split('\n')[0]).toBe(`muster ${group} needs a subcommand.`);
      const asked = await muster(`${group} --help`);
      expect(asked).toEqual({
        code: 0,
        stdout: stderr.slice(stderr.indexOf('Usage:')),
        stderr: '',
      });
    },
  );

  test('help and version are data', async () => {
    expect((await muster('--help')).stdout).toContain('\n  list mcpserver ');
    expect((await muster('list mcps --help')).stdout).toContain(
      'Usage: muster list mcpserver [flags]',
    );
    expect((await muster('--version')).stdout).toMatch(/^muster \d+\.\d+\.\d+\n$/);
    expect((await muster('')).stdout).toContain('Usage: muster COMMAND');
  });
});
