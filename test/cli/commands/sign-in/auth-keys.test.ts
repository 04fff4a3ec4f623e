/** The keys of machines, as a person with two of them meets them. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { tokenFile } from '../../../../cli/token-store/token-files.ts';
import { ada, type Persona } from '../../../../local/issuer.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf, type Landing } from '../../../world/browser.ts';
import { remember } from '../../../world/leaks.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../../run.ts';

let file: string;
let world: World;
let folder: string;
let clockOff: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-keys-'));
  clockOff = join(folder, 'clock.cjs');
  await writeFile(
    clockOff,
    `const off = Number(process.env.CLOCK_OFF_MS); const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length === 0 ? [Real.now() + off] : given)); }
  static now() { return Real.now() + off; }
};`,
  );
  [file, world] = await Promise.all([
    buildMuster(),
    startWorld({ settings: { ANONYMOUS_LIST: 'off' } }),
  ]);
  await world.sweep({ everything: true });
});
afterAll(() => Promise.all([world.close(), removeMuster(file), rm(folder, { recursive: true })]));

/** Two machines of one person. */
let home: string;
let other: string;
beforeEach(async () => {
  [home, other] = [await mkdtemp(join(folder, 'home-')), await mkdtemp(join(folder, 'other-'))];
});

const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, { endpoint: world.url, home, ...run });
const visit = (persona: Persona) => (address: string) => browserOf(persona).visit(address);
const signIn = (line = 'auth login', run: Run = {}): Promise<Ended> =>
  muster(line, { onAddress: visit(ada), ...run });

const keysSchema = z.object({
  items: z.array(z.object({ thumbprint: z.string(), thisMachine: z.boolean() })),
});
const keysOf = async (at = home) =>
  keysSchema.parse(JSON.parse((await muster('auth keys -o json', { home: at })).stdout)).items;
const own = async (at = home) =>
  (await keysOf(at)).find(({ thisMachine }) => thisMachine)?.thumbprint ?? 'no key';

async function kept(at = home) {
  const tokens = join(at, '.config', 'muster-serverless', 'tokens');
  const [name = ''] = await readdir(tokens);
  const path = join(tokens, name);
  const json: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8'));
  return { path, json };
}
const change = async (facts: Record<string, unknown>) => {
  const { path, json } = await kept();
  await writeFile(path, JSON.stringify({ ...json, ...facts }));
};
const noKey = 'Error: This sign-in has no key of this machine.\nRun: muster auth login\n';

test('a sign-in makes a key that stays in the file of this user, and is in no output', async () => {
  const { stderr } = await signIn('auth login --debug');
  const { path, json } = await kept();
  const key = z.object({ kty: z.string(), d: z.string() }).parse(json['key']);
  remember('key', key.d);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(stderr).toMatch(/^debug: POST .*\/v1\/me\/key -> 204/m);
  const printed = await Promise.all(
    ['auth keys', 'auth keys -o yaml', 'auth status -o json'].map((line) => muster(line)),
  );
  for (const { stdout } of printed) expect(stdout).not.toContain(key.d);
});

test('auth keys lists the machines of the person, and says which one is this', async () => {
  await signIn();
  await signIn('auth login', { home: other });
  const { code, stdout } = await muster('auth keys');
  const [header, ...lines] = stdout.trimEnd().split('\n');
  expect(code).toBe(0);
  expect(header).toMatch(/^KEY +CREATED +LAST USED$/);
  expect(lines.filter((text) => text.endsWith('this machine'))).toEqual([
    expect.stringMatching(
      /^[\w-]{12} {3}less than a minute ago {3}less than a minute ago {3}this machine$/,
    ),
  ]);
  expect(await own()).not.toBe(await own(other));
});

test('a machine that was removed can read, and nothing else', async () => {
  await signIn();
  await signIn('auth login', { home: other });
  const stolen = await own(other);
  expect(await muster(`auth keys --remove ${stolen.slice(0, 12)}`)).toEqual({
    code: 0,
    stdout: '',
    stderr: `Removed the key ${stolen.slice(0, 12)}. Its machine can only read until it signs in again.\n`,
  });
  expect((await keysOf()).map(({ thumbprint }) => thumbprint)).not.toContain(stolen);
  expect(await muster('list mcps -o name', { home: other })).toMatchObject({ code: 0 });
  expect(await muster('auth logout --server server-a', { home: other })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'Error: The key of this machine is not registered: It was removed, or was not used for 90 days.\nRun: muster auth login\n',
  });
});

test('the key of this machine goes with auth logout, and no other one', async () => {
  await signIn();
  await signIn('auth login', { home: other });
  const mine = await own();
  expect(await muster(`auth keys --remove ${mine}`)).toEqual({
    code: 1,
    stdout: '',
    stderr: `Error: ${mine.slice(0, 12)} is the key of this machine.\nTo sign out of muster on this machine, run: muster auth logout\n`,
  });
  expect(await muster('auth logout')).toEqual({
    code: 0,
    stdout: '',
    stderr: `Signed out of ${world.url}.\n`,
  });
  const left = (await keysOf(other)).map(({ thumbprint }) => thumbprint);
  expect(left).toContain(await own(other));
  expect(left).not.toContain(mine);
});

test('auth logout --all removes the keys of all machines', async () => {
  await signIn();
  await signIn('auth login', { home: other });
  const count = (await keysOf()).length - 1;
  const { code, stderr } = await muster('auth logout --all');
  expect(code).toBe(0);
  expect(stderr).toBe(
    `Signed out of all MCP servers.\nRemoved the keys of ${String(count)} other machine${count === 1 ? '' : 's'}.\nSigned out of ${world.url}.\n`,
  );
  expect(await keysOf(other)).toEqual([]);
  expect(await muster('auth keys', { home: other })).toEqual({
    code: 0,
    stdout: '',
    stderr: 'You have no registered keys.\n',
  });
});

test('a sign-in on the same machine replaces its key', async () => {
  await signIn();
  const before = await own();
  await signIn();
  expect(await own()).not.toBe(before);
  expect((await keysOf()).map(({ thumbprint }) => thumbprint)).not.toContain(before);
});

test('a refreshed sign-in keeps its key', async () => {
  await signIn();
  const { json } = await kept();
  await change({ expiresAt: '2020-01-01T00:00:00Z' });
  expect(await muster('auth logout --server server-a')).toMatchObject({ code: 0 });
  const renewed = (await kept()).json;
  expect(renewed['refreshToken']).not.toBe(json['refreshToken']);
  expect(renewed['key']).toEqual(json['key']);
});

test('without the endpoint a person can sign out of this machine, and is told what remains', async () => {
  await signIn();
  await change({ endpoint: 'http://127.0.0.1:1' });
  // The file of an endpoint is found by its address.
  const { path } = await kept();
  const away = { endpoint: 'http://127.0.0.1:1' };
  await writeFile(tokenFile(away.endpoint, { HOME: home }), await readFile(path), { mode: 0o600 });
  const { code, stderr } = await muster('auth logout', away);
  expect(code).toBe(0);
  expect(stderr).toBe(
    'Warning: http://127.0.0.1:1 still lists the key of this machine: http://127.0.0.1:1: connection refused.\nSigned out of http://127.0.0.1:1.\n',
  );
});

describe('a sign-in without a key, as --device makes it and older versions did', () => {
  beforeEach(async () => {
    await signIn();
    await change({ key: undefined });
  });

  test('reads', async () => {
    for (const line of ['list mcps', 'auth status -o json', 'check server-a', 'auth keys'])
      expect((await muster(line)).stderr).not.toContain('no key');
    expect((await muster('list mcps')).stdout).toContain('Pending Auth');
  });

  test.each([
    'auth login --server server-a',
    'auth login --server server-a --no-browser',
    'auth logout --server server-a',
    'auth logout --all',
    'auth keys --remove abc',
  ])('%s is exit 2 with the command to run', async (line) => {
    expect(await muster(line)).toEqual({ code: 2, stdout: '', stderr: noKey });
  });

  test('auth status --verify shows what is known, and is exit 2', async () => {
    await signIn('auth login', { home: other });
    await signIn('auth login --server server-a', { home: other });
    const { code, stdout, stderr } = await muster('auth status --verify');
    expect([code, stderr]).toEqual([2, noKey]);
    expect(stdout).toContain('Authenticated as ada@example.com');
    await muster('auth logout --server server-a', { home: other });
  });

  test('auth logout signs out of this machine', async () => {
    expect(await muster('auth logout')).toMatchObject({ code: 0 });
  });

  test('is healed by the next sign-in', async () => {
    await signIn();
    expect(await muster('auth logout --server server-a')).toMatchObject({ code: 0 });
  });
});

test.each([-300_000, 300_000])(
  'a machine whose clock is %i ms off signs in and out, with one proof more for each command',
  async (off) => {
    const environment = {
      NODE_OPTIONS: `--require ${clockOff}`,
      CLOCK_OFF_MS: String(off),
    };
    const login = await signIn('auth login --debug', { environment });
    expect(login.code).toBe(0);
    expect(login.stderr.match(/\/v1\/me\/key -> 401/g)).toHaveLength(1);
    expect(login.stderr.match(/\/v1\/me\/key -> 204/g)).toHaveLength(1);
    const logout = await muster('auth logout --all --debug', { environment });
    expect(logout.code).toBe(0);
    expect(logout.stderr.match(/ -> 401/g)).toHaveLength(1);
  },
);

describe('auth login --no-browser, with the browser on another machine', () => {
  /** As on another machine: nothing of this one answers there. */
  const elsewhere = async (address: string): Promise<Landing> =>
    browserOf(ada).visit(address, { stopAt: ({ pathname }) => pathname === '/callback' });

  test('takes the address where the browser ended, and so has a key', async () => {
    let ended = '';
    const { code, stderr } = await muster('auth login --no-browser', {
      onAddress: async (address) => {
        ended = (await elsewhere(address)).url.href;
      },
      types: { after: 'paste its whole address here: ', text: () => ended },
    });
    expect(stderr).toMatch(/^ {2}http:\/\/127\.0\.0\.1:\d+\/auth\?\S+\n/m);
    expect(stderr).toContain(`Signed in to ${world.url} as ada@example.com.\n`);
    expect(code).toBe(0);
    expect(await muster('auth logout --server server-a')).toMatchObject({ code: 0 });
  });

  test('asks again for what is not that address', async () => {
    let ended = new URL('about:blank');
    const { code, stderr } = await muster('auth login --no-browser', {
      onAddress: async (address) => {
        ended = (await elsewhere(address)).url;
      },
      types: {
        after: 'paste its whole address here: ',
        text: () => {
          const foreign = new URL(ended);
          foreign.searchParams.set('state', 'another');
          return ['nonsense', foreign.href, '', ended.href].join('\n');
        },
      },
    });
    expect(stderr.match(/This is not the address where this sign-in ended\./g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  test('still waits for a browser on this machine, also when nothing can be typed', async () => {
    const { code, stderr } = await signIn('auth login --no-browser');
    expect(stderr).toContain(`Signed in to ${world.url} as ada@example.com.\n`);
    expect(code).toBe(0);
  });

  test('reports what the pasted address says', async () => {
    let refused = '';
    const { code, stderr } = await muster('auth login --no-browser', {
      onAddress: (address) => {
        const { searchParams } = new URL(address);
        const url = new URL(searchParams.get('redirect_uri') ?? '');
        url.search = new URLSearchParams({
          state: searchParams.get('state') ?? '',
          iss: world.issuer.url,
          error: 'access_denied',
        }).toString();
        refused = url.href;
        return Promise.resolve();
      },
      types: { after: 'paste its whole address here: ', text: () => refused },
    });
    expect(stderr).toContain('refused the sign-in: access_denied');
    expect(code).toBe(3);
  });
});
