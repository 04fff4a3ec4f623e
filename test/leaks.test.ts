/**
 * One day of two people with everything there is, and not one secret in what is printed, logged or
 * stored.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ada } from '../local/issuer.ts';
import { startWorld, type World } from '../local/world.ts';
import { openTerminal } from './cli/pseudo-terminal.ts';
import { buildMuster, removeMuster, type Run, runMuster } from './cli/run.ts';
import { expose, forget, kindsSeen, leaks, remember } from './world/leaks.ts';
import { browserOf } from './world/browser.ts';

let world: World;
let file: string;
let home: string;
beforeAll(async () => {
  [world, file, home] = await Promise.all([
    startWorld(),
    buildMuster(),
    mkdtemp(join(tmpdir(), 'muster-home-')),
  ]);
  remember('key', world.environment['TOKEN_KEYS']?.split(':')[1]);
  await world.sweep({ everything: true });
});
afterAll(() => Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true })]));

const visit = (address: string) => browserOf(ada).visit(address);
const muster = (line: string, run: Run = {}) =>
  runMuster(file, line, { endpoint: world.url, home, onAddress: visit, ...run });

async function tokens(): Promise<{ path: string; kept: Record<string, unknown> }> {
  const folder = join(home, '.config', 'muster-serverless', 'tokens');
  const [name = ''] = await readdir(folder);
  return { path: join(folder, name), kept: JSON.parse(await readFile(join(folder, name), 'utf8')) };
}

test('a day with sign-ins, refreshes, refusals and crashes leaves no secret anywhere', async () => {
  await muster('auth login --debug');
  await muster('auth login --server server-a --debug');
  const terminal = openTerminal(
    process.execPath,
    [file, 'auth', 'login', '--server', 'server-b', '--no-browser'],
    { environment: { HOME: home, MUSTER_ENDPOINT: world.url }, columns: 2_000 },
  );
  await terminal.until('Paste the secret');
  const [, address = ''] = /^ {2}(http\S+)$/m.exec(terminal.screen()) ?? [];
  const { html = '' } = await visit(address);
  const secret = /<code>([\w-]{43})<\/code>/.exec(html)?.[1] ?? '';
  terminal.type(`${secret}\r`);
  expect(await terminal.ended).toBe(0);
  expect(secret).not.toBe('');
  for (const line of [
    'list mcps -o wide',
    'list mcps -o json',
    'auth status --verify --debug',
    'auth status -o yaml',
    'auth whoami',
    'auth token --server server-a --debug',
    'auth token --server server-b --header --debug',
    'auth token --server server-c --debug',
    'connect server-a --print claude --debug',
    'connect --all --print codex --debug',
    'connect server-a --debug',
  ])
    await muster(line);
  const { path, kept } = await tokens();
  await writeFile(path, JSON.stringify({ ...kept, expiresAt: '2020-01-01T00:00:00Z' }));
  await muster('list mcps --debug');
  const renewed = await tokens();
  expect(renewed.kept['idToken']).not.toBe(kept['idToken']);
  // A refresh token that was used already, a bearer that nobody made, a file that is broken.
  await writeFile(path, JSON.stringify({ ...kept, expiresAt: '2020-01-01T00:00:00Z' }));
  expect((await muster('list mcps --debug')).code).toBe(2);
  await writeFile(
    path,
    JSON.stringify({ ...renewed.kept, idToken: `${String(renewed.kept['idToken'])}x` }),
  );
  expect((await muster('list mcps --debug')).code).toBe(2);
  await writeFile(path, `{"idToken": "${String(renewed.kept['idToken'])}"`);
  expect((await muster('list mcps --debug')).code).toBe(0);
  await rm(path);
  await muster('auth login');
  await muster('auth logout --all --debug');

  expect([...kindsSeen()].sort()).toEqual(
    expect.arrayContaining([
      'access_token',
      'bearer',
      'code',
      'code_verifier',
      'cookie',
      'id_token',
      'refresh_token',
      'secret',
    ]),
  );
  expect(leaks()).toEqual([]);
}, 60_000);

test('a leak would be seen', async () => {
  const { kept } = await muster('auth login').then(tokens);
  expose('this test', `Authorization: Bearer ${String(kept['idToken'])}`);
  const found = leaks();
  expect(found).toEqual([expect.stringMatching(/^\w+ eyJh\.\.\. in this test$/)]);
  expect(found.join()).not.toContain(String(kept['idToken']));
  forget('this test');
});
