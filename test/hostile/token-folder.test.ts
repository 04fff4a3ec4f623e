/** Tokens are for one endpoint and one user: no name looks like another, no link leads elsewhere. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  readTokens,
  type Tokens,
  tokenFile,
  writeTokens,
} from '../../cli/token-store/token-files.ts';
import { attempt } from './attempt.ts';

let environment: { XDG_CONFIG_HOME: string };
beforeEach(async () => {
  environment = { XDG_CONFIG_HOME: await mkdtemp(join(tmpdir(), 'muster-folder-')) };
});
afterEach(() => rm(environment.XDG_CONFIG_HOME, { recursive: true }));

const endpoint = 'https://muster.example.com';
const tokens = (facts: Partial<Tokens> = {}): Tokens => ({
  endpoint,
  issuer: 'https://login.example.com',
  clientId: 'muster-cli',
  idToken: 'the.id.token',
  refreshToken: 'the refresh token',
  expiresAt: new Date('2026-11-22T12:00:00Z'),
  subject: 'ada',
  ...facts,
});

const others: readonly string[] = [
  'http://muster.example.com',
  'https://muster.example.com:8443',
  'https://muster.example.com.',

  'https://muster.example.com/other',
  'https://muster.example.com?x',
  'https://muster.example.co',
  'https://muster.example.com.evil.com',
  'https://evil.com/https://muster.example.com',
  'https://muster.example.com@evil.com',
  'https://evil.com#https://muster.example.com',

  'https://muster\u00adexample.com',
  'https://muster.examp1e.com',
  'https://muster.exаmple.com',
  '../../muster.example.com',
  '/etc/passwd',
  '\u0000',
  '',
  ' https://muster.example.com',
];

const warn = (): void => {};

attempt('an endpoint that only looks alike gets no tokens', others, async (other) => {
  await writeTokens(tokens(), environment);
  expect(await readTokens(other, environment, warn)).toBeUndefined();
  expect(dirname(tokenFile(other, environment))).toBe(dirname(tokenFile(endpoint, environment)));
});

test('a file that was copied from another endpoint is not used', async () => {
  await writeTokens(tokens(), environment);
  const text = await readFile(tokenFile(endpoint, environment), 'utf8');
  await writeFile(tokenFile('https://evil.example.com', environment), text);
  await expect(readTokens('https://evil.example.com', environment, warn)).rejects.toThrow(
    /cannot be read/,
  );
});

test('a link in the place of the file is replaced, and what it names stays as it was', async () => {
  const file = tokenFile(endpoint, environment);
  const victim = join(environment.XDG_CONFIG_HOME, 'victim');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(victim, 'as it was', { mode: 0o644 });
  await symlink(victim, file);
  await writeTokens(tokens(), environment);
  expect(await readFile(victim, 'utf8')).toBe('as it was');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

const masks = [0o000, 0o002, 0o022, 0o027, 0o077];

attempt('no umask makes the tokens readable for others', masks, async (mask) => {
  const before = process.umask(mask);
  try {
    await writeTokens(tokens(), environment);
  } finally {
    process.umask(before);
  }
  const file = tokenFile(endpoint, environment);
  expect([(await stat(file)).mode & 0o777, (await stat(dirname(file))).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
});

const contents: readonly string[] = [
  '',
  '{',
  '[]',
  'null',
  '1',
  '"text"',
  '{}',
  '{"endpoint":1}',
  '\u0000',
  '\ufeff{}',
  `{"endpoint":"${endpoint}"}`,
  `{"endpoint":"${endpoint}","idToken":{}}`,
  `{"endpoint":"${endpoint}","__proto__":{"idToken":"x"}}`,
  '['.repeat(50_000),
];

attempt('a file that holds anything else is named and not used', contents, async (text) => {
  const file = tokenFile(endpoint, environment);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await expect(readTokens(endpoint, environment, warn)).rejects.toThrow(file);
});
