/** `muster auth login` as a person meets it: at a terminal, with several servers, and when it fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readTokens, tokenFile } from '../../../../cli/token-store/token-files.ts';
import { ada } from '../../../../local/issuer.ts';
import { listen } from '../../../../local/listen.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf } from '../../../world/browser.ts';
import { ctrlC, openTerminal, type Terminal } from '../../pseudo-terminal.ts';
import { aRow, aSession } from '../../rows.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../../run.ts';
import { saveTokens } from '../../saved-tokens.ts';

let file: string;
let world: World;
beforeAll(async () => {
  [file, world] = await Promise.all([buildMuster(), startWorld()]);
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
});
afterAll(() => Promise.all([world.close(), removeMuster(file)]));

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'muster-home-'));
  return () => rm(home, { recursive: true });
});
const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));

const visit = (address: string) => browserOf(ada).visit(address);
const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, { endpoint: world.url, home, onAddress: visit, ...run });

/** The sessions of a person outlive a test otherwise. */
const signOutAfter = () => open.push(async () => void (await muster('auth logout --all')));

/** What an issuer sends when the person says no. */
async function decline(address: string): Promise<void> {
  const { state = '', redirect_uri: callback = '' } = Object.fromEntries(
    new URL(address).searchParams,
  );
  await fetch(`${callback}?${new URLSearchParams({ state, error: 'access_denied' }).toString()}`);
}

const atTerminal = (line: string, endpoint = world.url): Terminal => {
  const terminal = openTerminal(process.execPath, [file, ...line.split(' ')], {
    environment: { HOME: home, MUSTER_ENDPOINT: endpoint },
    columns: 200,
  });
  open.push(terminal.close);
  return terminal;
};

const addressIn = (terminal: Terminal): string =>
  /^ {2}(https?:\/\/\S+)/m.exec(terminal.written().replaceAll('\r', ''))?.[1] ?? '';

describe('at a terminal', () => {
  beforeEach(async () => void (await muster('auth login')));

  test('without a browser the last page shows a secret that the person types', async () => {
    signOutAfter();
    const terminal = atTerminal('auth login --server server-b --no-browser');
    await terminal.until('Paste the secret');
    const { html = '' } = await visit(addressIn(terminal));
    const page = html.replace(/<script.*?<\/script>/gs, '');
    terminal.type(`${/[\w-]{43}/.exec(page)?.[0] ?? 'no secret on the page'}\r`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain('Signed in to default/server-b.');
  });

  test('a wrong secret is exit 3', async () => {
    const terminal = atTerminal('auth login --server server-b --no-browser');
    await terminal.until('Paste the secret');
    terminal.type('made-up\r');
    expect(await terminal.ended).toBe(3);
    expect(terminal.screen()).toContain('No such sign-in');
  });

  test('Ctrl-C at the secret leaves the line, says what is kept, and is 130', async () => {
    const terminal = atTerminal('auth login --server server-b --no-browser');
    await terminal.until('Paste the secret');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).toMatch(
      /^Paste the secret that the last page shows .*\nStopped\. Your session with default\/server-b is as it was\.$/m,
    );
  });

  test('Ctrl-C while it waits for the browser says who stays signed in, and is 130', async () => {
    const terminal = atTerminal('auth login --no-browser');
    await terminal.until('paste its whole address here:');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).toContain(
      `\nStopped. You stay signed in to ${world.url} as ada@example.com.`,
    );
    expect((await muster('auth whoami')).stdout).toBe('ada@example.com\n');
  });

  test('Ctrl-C at the question of trust trusts nothing, and is 130', async () => {
    await muster('context delete local');
    const terminal = atTerminal('auth login --no-browser');
    await terminal.until('Do you trust it with your sign-in? [y/N]');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).not.toContain('Error');
    expect((await muster('context list')).stderr).toBe('No contexts found\n');
  });

  test('--all says that there is nothing to do; a script reads nothing', async () => {
    signOutAfter();
    await muster('auth login --all');
    const terminal = atTerminal('auth login --all');
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen().trim()).toBe('There is nothing to sign in to.');
    expect(await muster('auth login --all', { alone: true })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

describe('--all', () => {
  test('signs in to muster, then to each server in turn, and sums up', async () => {
    signOutAfter();
    let asked = 0;
    const { code, stderr } = await muster('auth login --all', {
      onAddress: async (address) => {
        asked += 1;
        await visit(address);
      },
    });
    expect(code).toBe(0);
    expect(asked).toBe(3);
    expect(stderr.replace(/^(Open this.*|If the last.*| {2}http.*|)\n/gm, '')).toBe(
      `First sign-in to ${world.url}. It is on this machine, so it is trusted (issuer ${world.issuer.url}, client ID muster-cli).
Remembered as the context local, the current one.
Signed in to ${world.url} as ada@example.com.
[1/2] Signing in to server-a
Signed in to server-a.
[2/2] Signing in to server-b
Signed in to server-b.
Signed in to 2 of 2 servers: server-a, server-b.
`,
    );
    expect((await muster('list mcps -o name --no-headers')).code).toBe(0);
    expect((await muster('auth status')).code).toBe(0);
  });

  test('goes on after one that fails, and is exit 3', async () => {
    signOutAfter();
    await muster('auth login');
    let asked = 0;
    const { code, stderr } = await muster('auth login --all', {
      onAddress: (address) => ((asked += 1) === 1 ? decline(address) : visit(address)),
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Not signed in to server-a: .*access_denied/m);
    expect(stderr).toContain('Signed in to server-b.\n');
    expect(stderr).toMatch(
      /Signed in to 1 of 2 servers: server-b\.\nNot signed in to server-a\. To find out why, run: muster check server-a --sign-in\n$/,
    );
  });

  test('Ctrl-C says what is kept and how to go on', async () => {
    signOutAfter();
    await muster('auth login');
    const second = Promise.withResolvers<void>();
    let asked = 0;
    const { code, stderr } = await muster('auth login --all', {
      onAddress: async (address) => {
        asked += 1;
        if (asked === 1) await visit(address);
        else second.resolve();
      },
      interrupted: second.promise,
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /\nStopped\. You stay signed in to server-a\. Not signed in to server-b\. To continue, run: muster auth login --all\n$/,
    );
    expect((await muster('auth status --server server-a')).stdout).toContain('Authenticated');
  });

  test.each([
    ['--all --server server-a', '--server cannot be combined with --all.', undefined],
    [
      '--all --device',
      '--device cannot be combined with --all.',
      'Run: muster auth login --all --no-browser',
    ],
  ])('auth login %s is an error', async (flags, message, hint) => {
    expect(await muster(`auth login ${flags}`, { alone: true })).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: ${message}\n${hint === undefined ? '' : `${hint}\n`}`,
    });
  });
});

// giantswarm/muster#266
describe('a server that cannot be reached', () => {
  const down = aRow({
    name: 'server-c',
    state: 'Failed',
    reason: 'ConnectionRefused',
    // Whatever an endpoint says of the session.
    session: aSession({ status: 'Pending Auth', hint: 'muster auth login --server server-c' }),
    conditions: [
      {
        type: 'Reachable',
        status: 'False',
        reason: 'ConnectionRefused',
        message: '',
        lastTransitionTime: new Date(Date.now() - 250_000).toISOString(),
      },
    ],
  });

  async function endpointWith(): Promise<{ readonly endpoint: string; readonly asked: string[] }> {
    const asked: string[] = [];
    const { url: endpoint, close } = await listen(
      createServer((request, response) => {
        const [path = ''] = (request.url ?? '').split('?');
        asked.push(`${request.method ?? ''} ${path}`);
        const body = path === '/v1/mcpservers' ? { items: [down], problems: [] } : down;
        response.end(JSON.stringify(body));
      }),
    );
    open.push(close);
    await saveTokens(endpoint, home);
    return { endpoint, asked };
  }

  test('is no sign-in: the error says why, since when, and how to wait', async () => {
    const { endpoint, asked } = await endpointWith();
    expect(await muster('auth login --server default/server-c', { endpoint })).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'Error: default/server-c cannot be reached (connection refused, for 4 minutes).\nYou can sign in when it is up again. To wait for it, run: muster wait default/server-c\n',
    });
    expect(asked).toEqual(['GET /v1/mcpservers/default/server-c']);
  });

  test('is not offered by --all', async () => {
    const { endpoint, asked } = await endpointWith();
    expect(await muster('auth login --all', { endpoint })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(asked).toEqual(['GET /v1/mcpservers']);
  });
});

test('the first sign-in makes a context, and later commands need no address', async () => {
  await runMuster(file, `auth login --endpoint ${world.url}`, { home, onAddress: visit });
  const status = await runMuster(file, 'auth status', { home });
  expect(status.stdout).toContain(`  Endpoint:  ${world.url} (context local)\n`);
  // As another address of this machine, it is another endpoint.
  const twin = world.url.replace('127.0.0.1', 'localhost');
  expect((await runMuster(file, `auth status --endpoint ${twin}`, { home })).stdout).toContain(
    `  Status:    Not authenticated   Run: muster auth login
  Elsewhere: You are signed in to ${world.url}, which is the same port of this machine: use that address.
`,
  );
});

test('a damaged sign-in is a warning where none is needed, and a sign-in fixes it', async () => {
  await muster('auth login');
  const stored = tokenFile(world.url, { HOME: home });
  await writeFile(stored, '');
  const warning = `Warning: The saved sign-in to ${world.url} cannot be read (${stored}). To fix it, run: muster auth login\n`;
  expect(await muster('list mcpserver -o name')).toEqual({
    code: 0,
    stdout: 'server-a\nserver-b\nserver-c\nserver-d\n',
    stderr: warning,
  });
  expect(await muster('auth status')).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('Not authenticated   Run: muster auth login\n'),
    stderr: warning,
  });
  expect((await muster('auth login')).code).toBe(0);
  expect(await muster('auth whoami')).toMatchObject({ stdout: 'ada@example.com\n', stderr: '' });
});

test('the token of a sign-in reads in a script, and changes nothing', async () => {
  await muster('auth login');
  const { idToken: MUSTER_TOKEN = '' } =
    (await readTokens(world.url, { HOME: home }, () => undefined)) ?? {};
  const script = { home: '/nonexistent', environment: { MUSTER_TOKEN } };
  expect((await muster('list mcpserver --no-headers', script)).stdout).toMatch(
    /^server-a {3}Connected {3}Pending Auth {3}/,
  );
  expect((await muster('check server-a', script)).code).toBe(0);
  expect(await muster('auth keys --remove abc', script)).toMatchObject({ code: 2 });
});

describe('without a terminal', () => {
  const noTerminal =
    'Error: A sign-in needs a person, and there is no terminal.\nIn scripts, set MUSTER_TOKEN. To print the address and wait for a browser, add --no-browser.\n';

  test('a sign-in fails at once, for muster and for servers', async () => {
    expect(await muster('auth login', { alone: true })).toEqual({
      code: 3,
      stdout: '',
      stderr: noTerminal,
    });
    await muster('auth login');
    for (const line of ['auth login --server server-a', 'auth login --all'])
      expect(await muster(line, { alone: true })).toEqual({
        code: 3,
        stdout: '',
        stderr: noTerminal,
      });
    expect((await muster('auth whoami')).stdout).toBe('ada@example.com\n');
  });
});
