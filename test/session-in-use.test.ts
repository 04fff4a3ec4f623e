/**
 * What a session is for, in the world of `npm start`: an MCP client of the official SDK that starts
 * `muster connect`, from the first sign-in to the last sign-out.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ada } from '../local/issuer.ts';
import { startWorld, type World } from '../local/world.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from './cli/run.ts';
import { browserOf } from './world/browser.ts';
import { startClient } from './world/client-of-bridge.ts';

let file: string;
let world: World;
let home: string;
beforeAll(async () => {
  [file, world, home] = await Promise.all([
    buildMuster(),
    startWorld(),
    mkdtemp(join(tmpdir(), 'muster-home-')),
  ]);
  await world.sweep({ everything: true });
});
afterAll(() => Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true })]));

const muster = (line: string): Promise<Ended> =>
  runMuster(file, line, {
    endpoint: world.url,
    home,
    onAddress: (address) => browserOf(ada).visit(address),
  });
const done = async (line: string): Promise<void> =>
  expect(await muster(line)).toMatchObject({ code: 0 });

test('a client works after a sign-in, says the next command after a sign-out, and works again without a restart', async () => {
  await done('auth login');
  await done('auth login --server server-b');
  const client = await startClient({
    command: process.execPath,
    args: [file, 'connect', '--endpoint', world.url, 'server-b'],
    home,
  });
  expect(await client.echo('hello')).toBe('Echo: hello');
  expect((await muster('auth status --server server-b')).stdout).toMatch(
    /^Last used: less than a minute ago, from 1 machine$/m,
  );

  await done('auth logout --server server-b');
  await expect(client.echo('after the sign-out')).rejects.toThrow(
    'server-b: you are not signed in (Pending Auth). Run: muster auth login --server server-b',
  );
  await done('auth login --server server-b');
  expect(await client.echo('again')).toBe('Echo: again');

  await done('auth logout');
  await expect(client.echo('after the sign-out of muster')).rejects.toThrow(
    `You are not signed in to ${world.url}. Run: muster auth login`,
  );
  await done('auth login');
  expect(await client.echo('and again')).toBe('Echo: and again');
  await client.close();
});
