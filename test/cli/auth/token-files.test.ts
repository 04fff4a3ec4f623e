import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  forgetTokens,
  readTokens,
  type Tokens,
  tokenFile,
  writeTokens,
} from '../../../cli/auth/token-files.ts';

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
  expect(await readTokens('https://one.example.com', environment)).toEqual(tokens());
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
  await forgetTokens('https://one.example.com', environment);
  expect(await readTokens('https://one.example.com', environment)).toBeUndefined();
  expect(await readTokens('https://two.example.com', environment)).toEqual(other);
});

test('many at the same time leave one whole file and no draft', async () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    tokens({ idToken: `token ${String(index)}`.repeat(2_000) }),
  );
  const seen: unknown[] = [];
  const read = async () =>
    seen.push((await readTokens('https://one.example.com', environment))?.idToken);
  await writeTokens(tokens(), environment);
  await Promise.all(many.flatMap((one) => [writeTokens(one, environment), read()]));
  const written = many.map(({ idToken }) => idToken);
  expect([...written, 'the.id.token']).toEqual(expect.arrayContaining(seen));
  expect(written).toContain((await readTokens('https://one.example.com', environment))?.idToken);
  expect(await readdir(dirname(tokenFile('https://one.example.com', environment)))).toHaveLength(1);
});

test('a file that holds something else is named, not used', async () => {
  const file = tokenFile('https://one.example.com', environment);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '{"endpoint":');
  await expect(readTokens('https://one.example.com', environment)).rejects.toThrow(
    `${file} does not hold tokens for https://one.example.com.`,
  );
});

test('without XDG_CONFIG_HOME the file is below ~/.config', () => {
  expect(tokenFile('https://one.example.com', { HOME: '/home/ada' })).toMatch(
    /^\/home\/ada\/\.config\/muster\/tokens\/[0-9a-f]{32}\.json$/,
  );
});

test('forgetting what was never there is told', async () => {
  expect(await forgetTokens('https://one.example.com', environment)).toBe(false);
});
