import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configFolder } from '../../../cli/token-store/config-folder.ts';
import { withLock } from '../../../cli/token-store/file-lock.ts';
import {
  forgetTokens,
  readTokens,
  readyForTokens,
  type Tokens,
  tokenFile,
  writeTokens,
} from '../../../cli/token-store/token-files.ts';

const warnings: string[] = [];
const warn = (line: string): void => void warnings.push(line);
let environment: { XDG_CONFIG_HOME: string };
beforeEach(async () => {
  environment = { XDG_CONFIG_HOME: await mkdtemp(join(tmpdir(), 'muster-tokens-')) };
});
afterEach(() => rm(environment.XDG_CONFIG_HOME, { recursive: true }));

const tokens = (facts: Partial<Tokens> = {}): Tokens => ({
  endpoint: 'https://one.example.com',
  issuer: 'https://login.example.com',
  clientId: 'muster-cli',
  idToken: 'the.id.token',
  refreshToken: 'the refresh token',
  expiresAt: new Date('2026-11-22T12:00:00Z'),
  subject: 'ada',
  email: 'ada@example.com',
  ...facts,
});

test('what was written is read back', async () => {
  await writeTokens(tokens(), environment);
  expect(await readTokens('https://one.example.com', environment, warn)).toEqual(tokens());
});

test('only this user can read the file and its folder, even where the folder was open before', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await writeTokens(tokens(), environment);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
});

test('several endpoints are kept apart', async () => {
  const other = tokens({ endpoint: 'https://two.example.com', subject: 'grace' });
  await writeTokens(tokens(), environment);
  await writeTokens(other, environment);
  await forgetTokens('https://one.example.com', environment, warn);
  expect(await readTokens('https://one.example.com', environment, warn)).toBeUndefined();
  expect(await readTokens('https://two.example.com', environment, warn)).toEqual(other);
});

test('many at the same time leave one whole file and no draft', async () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    tokens({ idToken: `token ${String(index)}`.repeat(2_000) }),
  );
  const seen: unknown[] = [];
  const read = async () =>
    seen.push((await readTokens('https://one.example.com', environment, warn))?.idToken);
  await writeTokens(tokens(), environment);
  await Promise.all(many.flatMap((one) => [writeTokens(one, environment), read()]));
  const written = many.map(({ idToken }) => idToken);
  expect([...written, 'the.id.token']).toEqual(expect.arrayContaining(seen));
  expect(written).toContain(
    (await readTokens('https://one.example.com', environment, warn))?.idToken,
  );
  expect(await readdir(dirname(tokenFile('https://one.example.com', environment)))).toHaveLength(1);
});

test('a file that holds something else is named, not used', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '{"endpoint":');
  await expect(readTokens('https://one.example.com', environment, warn)).rejects.toThrow(
    `The saved sign-in to https://one.example.com cannot be read (${file}).`,
  );
});

test('without XDG_CONFIG_HOME the file is below ~/.config', () => {
  expect(tokenFile('https://one.example.com', { HOME: '/home/ada' })).toMatch(
    /^\/home\/ada\/\.config\/muster-serverless\/tokens\/[0-9a-f]{32}\.json$/,
  );
});

test('forgetting what was never there is told', async () => {
  expect(await forgetTokens('https://one.example.com', environment, warn)).toBe(false);
});

test.each([
  ['HOME is empty', { HOME: '' }],
  ['HOME is relative', { HOME: 'home' }],
  ['HOME is not set', {}],
  ['XDG_CONFIG_HOME is empty', { XDG_CONFIG_HOME: '', HOME: '' }],
  ['XDG_CONFIG_HOME is relative', { XDG_CONFIG_HOME: './config', HOME: '' }],
  ['XDG_CONFIG_HOME leads upwards', { XDG_CONFIG_HOME: '../config', HOME: '' }],
])('tokens never end up in the current folder: %s', (_, facts) => {
  expect(tokenFile('https://one.example.com', facts)).toBe(
    tokenFile('https://one.example.com', { HOME: userInfo().homedir }),
  );
});

test.each([
  [
    'APPDATA',
    { APPDATA: 'C:\\Users\\ada\\AppData\\Roaming', HOME: 'C:\\home' },
    'C:\\Users\\ada\\AppData\\Roaming',
  ],
  [
    'XDG_CONFIG_HOME before APPDATA',
    { XDG_CONFIG_HOME: 'D:\\config', APPDATA: 'C:\\x' },
    'D:\\config',
  ],
  ['HOME where APPDATA is relative', { APPDATA: 'AppData', HOME: 'C:\\home' }, 'C:\\home\\.config'],
])('on Windows the folder is below %s', (_, surroundings, folder) => {
  expect(configFolder(surroundings, 'win32')).toBe(`${folder}\\muster-serverless`);
});

test('APPDATA means nothing elsewhere', () => {
  expect(configFolder({ APPDATA: '/appdata', HOME: '/home/ada' }, 'linux')).toBe(
    '/home/ada/.config/muster-serverless',
  );
});

const endpoint = 'https://one.example.com';
/** Where upstream muster keeps a file of the same name. */
const sharedFile = (): string => {
  const file = tokenFile(endpoint, environment);
  return join(environment.XDG_CONFIG_HOME, 'muster', 'tokens', basename(file));
};
const store = async (file: string, content: object): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
};
/** As upstream muster 5.28 writes it. */
const upstreams = {
  access_token: 'theirs',
  refresh_token: 'theirs too',
  token_type: 'Bearer',
  expiry: '2026-11-22T12:00:00Z',
  id_token: 'their.id.token',
  server_url: endpoint,
  issuer_url: 'https://login.example.com',
  client_id: 'https://muster.example.com/client.json',
  created_at: '2026-11-22T11:00:00Z',
};

test("upstream muster's file of the same name is not used, changed or removed", async () => {
  await store(sharedFile(), upstreams);
  const before = await stat(sharedFile());
  expect(await readTokens(endpoint, environment, warn)).toBeUndefined();
  await writeTokens(tokens(), environment);
  expect(await forgetTokens(endpoint, environment, warn)).toBe(true);
  expect(JSON.parse(await readFile(sharedFile(), 'utf8'))).toEqual(upstreams);
  expect((await stat(sharedFile())).mtimeMs).toBe(before.mtimeMs);
});

// On 2026-11-25 it removed our sign-in, which was in its folder.
test("upstream muster's auth logout --all, which removes its folder, leaves our sign-in", async () => {
  await store(sharedFile(), upstreams);
  await writeTokens(tokens(), environment);
  await rm(join(environment.XDG_CONFIG_HOME, 'muster'), { recursive: true });
  expect(await readTokens(endpoint, environment, warn)).toEqual(tokens());
});

test('a relative XDG_CONFIG_HOME is ignored, and HOME is used', () => {
  expect(
    tokenFile('https://one.example.com', { XDG_CONFIG_HOME: 'config', HOME: '/home/ada' }),
  ).toMatch(/^\/home\/ada\/\.config\/muster-serverless\/tokens\//);
});

test('a file that others could read is closed, with one warning', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await writeTokens(tokens(), environment);
  await chmod(file, 0o644);
  warnings.length = 0;
  for (let count = 0; count < 3; count += 1)
    expect(await readTokens('https://one.example.com', environment, warn)).toEqual(tokens());
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(warnings).toEqual([
    `Warning: Other users of this machine could read ${file} (mode 0644). Its mode is now 0600. If others use this machine, sign out and sign in again.`,
  ]);
});

test('a symbolic link is neither read nor written through', async () => {
  const file = tokenFile('https://one.example.com', environment);
  const target = join(environment.XDG_CONFIG_HOME, 'target');
  await writeTokens(tokens(), environment);
  await rename(file, target);
  await symlink(target, file);
  await expect(readTokens('https://one.example.com', environment, warn)).rejects.toMatchObject({
    message: `${file} is a symbolic link, so it is not used.`,
    hint: `Remove it: rm ${file}`,
  });
  await writeTokens(tokens({ subject: 'grace' }), environment);
  expect(await readFile(target, 'utf8')).toContain('"ada"');
  expect((await lstat(file)).isFile()).toBe(true);
});

test.each(['a folder', 'a pipe'])(
  '%s in the place of the file is an error, not a hang',
  async (what) => {
    const file = tokenFile('https://one.example.com', environment);
    await mkdir(what === 'a folder' ? file : dirname(file), { recursive: true });
    if (what === 'a pipe') await promisify(execFile)('mkfifo', [file]);
    await expect(readTokens('https://one.example.com', environment, warn)).rejects.toThrow(
      `${file} is not a file, so it is not used.`,
    );
  },
);

test('a folder that cannot be written is exit 3 and names the way out', async () => {
  const blocked = join(environment.XDG_CONFIG_HOME, 'file');
  await writeFile(blocked, '');
  const surroundings = { XDG_CONFIG_HOME: blocked };
  const refusal = {
    exitCode: 3,
    message: `The sign-in cannot be saved: ${blocked}/muster-serverless/tokens cannot be written (ENOTDIR).`,
    hint: 'Set XDG_CONFIG_HOME to the absolute path of a folder that you can write to.',
  };
  await expect(readyForTokens('https://one.example.com', surroundings)).rejects.toMatchObject(
    refusal,
  );
  await expect(writeTokens(tokens(), surroundings)).rejects.toMatchObject(refusal);
});

test('a sign-out waits for a refresh under way, so that it cannot bring the sign-in back', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await writeTokens(tokens(), environment);
  let isForgotten = false;
  const forgetting = await withLock(
    file,
    async () => {
      const forgetting = forgetTokens('https://one.example.com', environment, warn).finally(() => {
        isForgotten = true;
      });
      await wait(200);
      expect(isForgotten).toBe(false);
      await writeTokens(tokens({ idToken: 'renewed' }), environment);
      return { forgetting };
    },
    { info: warn },
  );
  expect(await forgetting.forgetting).toBe(true);
  expect(await readTokens('https://one.example.com', environment, warn)).toBeUndefined();
});

test('a time that is none makes a file unreadable, not a sign-in without an end', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await writeTokens(tokens(), environment);
  await writeFile(file, JSON.stringify({ ...tokens(), expiresAt: 'never' }));
  await expect(readTokens('https://one.example.com', environment, warn)).rejects.toThrow(
    'The saved sign-in to https://one.example.com cannot be read',
  );
});
