/** Both commands can be on one machine: ours leaves the folder of giantswarm/muster alone. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenFile } from '../../cli/token-store/token-files.ts';
import { ada } from '../../local/issuer.ts';
import { startWorld, type World } from '../../local/world.ts';
import { browserOf } from '../world/browser.ts';
import { runMuster } from './run.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.sweep({ everything: true });
});
afterAll(() => world.close());

const long = new Date('2020-01-01T00:00:00Z');
const longer = new Date('2010-01-01T00:00:00Z');

test("upstream muster's folder is neither read nor written", async () => {
  const folder = join(box.home, '.config', 'muster');
  const files = {
    'contexts.yaml':
      'current-context: theirs\ncontexts:\n  - name: theirs\n    endpoint: https://theirs.example.com/mcp\n',
    'config.yaml': 'aggregator: {}\n',
    [`tokens/${basename(tokenFile(world.url, { HOME: box.home }))}`]: JSON.stringify({
      access_token: 'theirs',
      server_url: world.url,
      // As early versions of this command stored a sign-in there.
      endpoint: world.url,
      issuer: world.issuer.url,
      clientId: 'muster-cli',
      idToken: 'theirs',
      subject: 'ada',
      expiresAt: '2099-01-01T00:00:00Z',
    }),
  };
  await mkdir(join(folder, 'tokens'), { recursive: true, mode: 0o700 });
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  // A file system notes a read where the last one is older than the last change.
  for (const path of paths) await utimes(path, longer, long);
  const facts = () =>
    Promise.all(
      paths.map(async (path) => [(await stat(path)).mtimeMs, (await stat(path)).atimeMs]),
    );
  const before = await facts();

  const muster = (line: string, endpoint?: string) =>
    runMuster(box.file, line, {
      home: box.home,
      ...(endpoint === undefined ? {} : { endpoint }),
      onAddress: (address) => browserOf(ada).visit(address),
    });
  // Its contexts are not ours.
  expect((await muster('list mcpserver')).stderr).toContain('Error: No endpoint is set.\n');
  expect((await muster('auth whoami', world.url)).code).toBe(2);
  for (const line of ['auth login', 'list mcps', 'auth status --verify', 'context list'])
    await muster(line, world.url);
  expect((await muster('auth logout --all')).code).toBe(0);

  expect(await facts()).toEqual(before);
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(
    [...Object.keys(files), 'tokens'].sort(),
  );
  for (const [name, text] of Object.entries(files))
    expect(await readFile(join(folder, name), 'utf8')).toBe(text);
});
