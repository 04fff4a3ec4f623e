/** What `muster connect --print` prints, as a person pastes it and as a client starts it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpClients } from '../../../../functions/model/mcp-clients.ts';
import { ada } from '../../../../local/issuer.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf } from '../../../world/browser.ts';
import { startClient } from '../../../world/client-of-bridge.ts';
import { entriesIn } from '../../client-files.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../../run.ts';

let file: string;
let world: World;
let home: string;
/** The home of a person who is signed in to muster and to no server. */
let other: string;
const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, {
    endpoint: world.url,
    home,
    onAddress: (address) => browserOf(ada).visit(address),
    ...run,
  });
beforeAll(async () => {
  [file, world, home, other] = await Promise.all([
    buildMuster(),
    startWorld(),
    mkdtemp(join(tmpdir(), 'muster-home-')),
    mkdtemp(join(tmpdir(), 'muster-home-')),
  ]);
  await world.sweep({ everything: true });
  for (const line of ['auth login', 'auth login --server server-b']) await muster(line);
});
afterAll(() =>
  Promise.all([
    world.close(),
    removeMuster(file),
    rm(home, { recursive: true }),
    rm(other, { recursive: true }),
  ]),
);

test.each(mcpClients)(
  'what is printed for %s starts a bridge with HOME and PATH only',
  async (client) => {
    const { code, stdout, stderr } = await muster(`connect server-b --print ${client}`);
    expect(code).toBe(0);
    // Where it goes is no part of what is pasted.
    expect(stderr).toMatch(/^(Add it to|Run it in) .+\.\n$/);
    const [entry, ...more] = entriesIn(client, stdout);
    expect(more).toEqual([]);
    expect(entry).toEqual({
      name: 'server-b',
      command: process.execPath,
      args: [file, 'connect', '--endpoint', world.url, 'default/server-b'],
    });
    const started = await startClient({ command: '', args: [], home, ...entry });
    expect(await started.echo(`from ${client}`)).toBe(`Echo: from ${client}`);
    await started.close();
  },
);

describe('--all', () => {
  test('prints an entry for each server with a session, and for no other', async () => {
    const { code, stdout } = await muster('connect --all --print codex');
    expect(code).toBe(0);
    expect(entriesIn('codex', stdout).map(({ name }) => name)).toEqual(['server-b']);
    await muster('auth login --server server-a');
    const two = await muster('connect --all --print vscode');
    expect(entriesIn('vscode', two.stdout).map(({ name }) => name)).toEqual([
      'server-a',
      'server-b',
    ]);
    await muster('auth logout --server server-a');
  });
  test.each([
    ['connect --all', '--all needs --print.', 'Add --print with one of: claude, '],
    ['connect --all server-b --print codex', '--all takes no name.', ''],
    ['connect --print codex', 'Missing argument NAME.', 'or use --all'],
  ])('%s is explained', async (line, message, hint) => {
    const { code, stdout, stderr } = await muster(line);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`Error: ${message}\n`);
    expect(stderr).toContain(hint);
  });
});

test('a server without a session is printed with a warning that leads on', async () => {
  const { code, stdout, stderr } = await muster('connect server-a --print cursor');
  expect(code).toBe(0);
  expect(entriesIn('cursor', stdout).map(({ name }) => name)).toEqual(['server-a']);
  expect(stderr).toContain(
    'Warning: default/server-a: you are not signed in (Pending Auth). Run: muster auth login --server server-a\n',
  );
});

test('who is not signed in to muster gets the snippet of a server, and is led to a sign-in', async () => {
  const one = await muster('connect server-b --print gemini', { home: other });
  expect(one.code).toBe(0);
  expect(entriesIn('gemini', one.stdout)).toHaveLength(1);
  expect(one.stderr).toContain(
    `Warning: you are not signed in to ${world.url}. Run: muster auth login\n`,
  );
  const all = await muster('connect --all --print gemini', { home: other });
  expect(all).toMatchObject({ code: 2, stdout: '' });
  expect(all.stderr).toContain('Run: muster auth login\n');
});

test('the help lists the clients, and calls none of them the default', async () => {
  const help = (await muster('connect --help')).stdout.replace(/\s+/g, ' ');
  expect(help).toContain(`One of: ${mcpClients.join(', ')}.`);
  expect(help).not.toContain('Default: claude');
});

test('variables that clients do not pass on are named, without their values', async () => {
  const environment = { no_proxy: '*', HTTPS_PROXY: 'http://user:secret@127.0.0.1:9' };
  const { stderr } = await muster('connect server-b --print codex', { environment });
  expect(stderr).toContain(
    'Clients may start it without HTTPS_PROXY, no_proxy. If it needs these variables, set "env" in the configuration of the client.\n',
  );
  expect(stderr).not.toContain('secret');
});
