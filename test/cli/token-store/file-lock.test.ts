/** The lock of the token file, with processes of their own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../cli/token-store/file-lock.ts';
import {
  isLeftBehind,
  type LockOwner,
  newOwner,
  sight,
} from '../../../cli/token-store/lock-owner.ts';

let folder: string;
let file: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-lock-'));
  file = join(folder, 'tokens.json');
  lock = `${file}.lock`;
});
const holders: Holder[] = [];
afterEach(async () => {
  for (const { child } of holders.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

type Holder = {
  readonly child: ChildProcessWithoutNullStreams;
  readonly say: (line: string) => void;
  /** The next line that it writes. */
  readonly hears: () => Promise<string>;
  readonly stderr: () => string;
};

async function startHolder(holdMs: number): Promise<Holder> {
  const script = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [script, file, String(holdMs)]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const holder: Holder = {
    child,
    say: (line) => void child.stdin.write(`${line}\n`),
    hears: async () => {
      const next = await lines.next();
      return next.done === true ? `ended: ${stderr}` : next.value;
    },
    stderr: () => stderr,
  };
  holders.push(holder);
  expect(await holder.hears()).toBe('ready');
  return holder;
}

/** The text of a lock whose process has ended. */
async function deadOwner(): Promise<LockOwner> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return { ...newOwner(), pid: child.pid ?? 0, started: '1' };
}

const rounds = Number(process.env['RACE_ROUNDS'] ?? 25);

test(`eight processes that find a left-over lock never hold it at the same time, ${String(rounds)} times`, {
  timeout: 30_000 + rounds * 2_000,
}, async () => {
  const many = await Promise.all(Array.from({ length: 8 }, () => startHolder(1)));
  for (let round = 0; round < rounds; round += 1) {
    const dead = await deadOwner();
    await writeFile(lock, JSON.stringify(dead));
    // Every third time the process that was about to take over has also ended.
    if (round % 3 === 0)
      await writeFile(`${lock}.${dead.token}`, JSON.stringify(await deadOwner()));
    for (const { say } of many) say('go');
    expect(await Promise.all(many.map(({ hears }) => hears()))).toEqual(many.map(() => 'alone'));
  }
  expect(await readdir(folder)).toEqual([]);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends a process that holds the lock, and releases it',
  async (signal) => {
    const holder = await startHolder(60_000);
    holder.say('stay');
    expect(await holder.hears()).toBe('held');
    expect((await stat(lock)).mode & 0o777).toBe(0o600);
    const exit = once(holder.child, 'exit');
    holder.child.kill(signal);
    expect(await exit).toEqual([null, signal]);
    expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([]);
  },
);

test('a lock whose process was killed is taken over at once', async () => {
  const holder = await startHolder(60_000);
  holder.say('stay');
  await holder.hears();
  const exit = once(holder.child, 'exit');
  holder.child.kill('SIGKILL');
  await exit;
  const startedAt = performance.now();
  expect(await withLock(file, () => Promise.resolve('mine'), { info: () => {} })).toBe('mine');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a process that waits says after a second for whom, and gives up in the end with what to do', async () => {
  const holder = await startHolder(60_000);
  holder.say('stay');
  await holder.hears();
  // Stopped as by Ctrl-Z: it still holds its lock.
  holder.child.kill('SIGSTOP');
  const said: string[] = [];
  const waits = withLock(file, () => Promise.resolve(), {
    info: (line) => void said.push(line),
    patienceMs: 1_500,
  });
  await expect(waits).rejects.toMatchObject({
    message: expect.stringMatching(
      /^Another muster \(process \d+ on .+\) has been changing your sign-in for \d+ s\.$/,
    ),
    // Never to remove a lock that is held.
    hint: `Try again in a minute. If that process hangs, end it: kill ${holder.child.pid}`,
  });
  expect(said).toEqual([
    expect.stringMatching(
      /^Another muster \(process \d+ on .+\) is changing your sign-in\. Waiting for it\.$/,
    ),
  ]);
});

test('a lock that says nothing is taken over when it is old, and so is a link', async () => {
  const take = () =>
    withLock(file, () => Promise.resolve('mine'), { info: () => {}, patienceMs: 300 });
  await writeFile(lock, '');
  await expect(take()).rejects.toThrow('Another muster has held the lock');
  const old = new Date(Date.now() - 3_600_000);
  await utimes(lock, old, old);
  expect(await take()).toBe('mine');
  await writeFile(join(folder, 'elsewhere'), 'stays');
  await utimes(join(folder, 'elsewhere'), old, old);
  await symlink(join(folder, 'elsewhere'), lock);
  expect(await take()).toBe('mine');
  expect(await readdir(folder)).toEqual(['elsewhere']);
});

test('what the action throws is thrown, and the lock is free', async () => {
  const fails = withLock(file, () => Promise.reject(new Error('no')), { info: () => {} });
  await expect(fails).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

const here = (runs: boolean, started: string) => ({ kind: 'here', runs, started }) as const;
test.each([
  ['its process has ended', '5', here(false, ''), 0, true],
  ['its process runs', '5', here(true, '5'), 3_600_000, false],
  ['its number belongs to a newer process', '5', here(true, '6'), 0, true],
  ['its process runs, its start is not known', '', here(true, ''), 60_000, false],
  [
    'its process runs, its start is not known, and it is very old',
    '',
    here(true, ''),
    3_600_000,
    true,
  ],
  ['it is of another machine', '5', { kind: 'elsewhere' } as const, 60_000, false],
  ['it is of another machine, and old', '5', { kind: 'elsewhere' } as const, 180_000, true],
])('left behind: %s', (_, started, seen, ageMs, isLeft) => {
  expect(isLeftBehind({ started }, seen, ageMs)).toBe(isLeft);
});

test('the same number on another host or in another container is another process', () => {
  const own = newOwner();
  expect(sight(own)).toMatchObject({ kind: 'here', runs: true, started: own.started });
  expect(sight({ ...own, machine: 'other-host pid:[1]' })).toEqual({ kind: 'elsewhere' });
});
