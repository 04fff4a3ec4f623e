import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { oneLine } from '../../functions/model/outside-text.ts';
import { CliError } from '../context.ts';
import { isLeftBehind, type LockOwner, newOwner, ownerIn, sight } from './lock-owner.ts';
import { codeOf, privateFolder } from './private-file.ts';

export type LockOptions = {
  /** Gets one line when the lock is not free within a second. */
  readonly info: (line: string) => void;
  /** How long to wait for another process; default one minute. */
  readonly patienceMs?: number;
};

const patienceOfPeopleMs = 60_000;
const silentMs = 1_000;

/**
 * Lets one process of this user at a time change a file. The others wait, and must read the file
 * again afterwards. A lock whose process ended is taken over at once; SIGINT, SIGTERM, SIGHUP and
 * the end of this process release its own. Throws after `patienceMs`.
 */
export async function withLock<Outcome>(
  file: string,
  act: () => Promise<Outcome>,
  options: LockOptions,
): Promise<Outcome> {
  const lock = `${file}.lock`;
  await privateFolder(dirname(file));
  const owner = await acquire(lock, deadlineOf(options));
  try {
    return await act();
  } finally {
    await release(lock, owner);
  }
}

/** Is asked before each wait: throws when it is time to give up. */
type Deadline = (lock: string, holder: LockOwner) => void;

function deadlineOf({ info, patienceMs = patienceOfPeopleMs }: LockOptions): Deadline {
  const startedAt = performance.now();
  let isSaid = false;
  return (lock, holder) => {
    const waitedMs = performance.now() - startedAt;
    const who =
      holder.pid === 0
        ? 'Another muster'
        : `Another muster (process ${String(holder.pid)} on ${oneLine(holder.machine.split(' ')[0] ?? '', 60)})`;
    if (waitedMs > patienceMs) {
      const seconds = String(Math.round(patienceMs / 1000));
      const seen = sight(holder);
      // A lock that is held must stay: without it two commands would use one refresh token.
      if (seen.kind === 'here' && seen.runs)
        throw new CliError(`${who} has been changing your sign-in for ${seconds} s.`, {
          hint: `Try again in a minute. If that process hangs, end it: kill ${String(holder.pid)}`,
        });
      throw new CliError(`${who} has held the lock ${lock} for ${seconds} s.`, {
        hint: `If no other muster is running, remove it: rm ${lock}`,
      });
    }
    if (waitedMs < silentMs || isSaid) return;
    isSaid = true;
    info(`${who} is changing your sign-in. Waiting for it.`);
  };
}

/**
 * Who creates the file of the lock holds it. A lock that was left behind is replaced in its place,
 * and only by the process that holds the lock named after its owner: of several processes that
 * find the same dead owner, one gets that lock; the others find later that the owner has changed.
 * So no process ever removes the lock of one that lives. The second lock may be left behind like
 * the first, and is then taken over in the same way.
 */
async function acquire(lock: string, deadline: Deadline): Promise<LockOwner> {
  const owner = newOwner();
  for (;;) {
    if (await create(lock, owner)) return owner;
    const holder = await holderOf(lock);
    if (holder === undefined) continue;
    deadline(lock, holder.owner);
    if (isDead(holder)) {
      if (await takeOver(lock, holder.owner, owner, deadline)) return owner;
      continue;
    }
    // At different times, so that those who wait do not meet again and again.
    await wait(20 + Math.random() * 40);
  }
}

async function takeOver(
  lock: string,
  dead: LockOwner,
  owner: LockOwner,
  deadline: Deadline,
): Promise<boolean> {
  const right = `${lock}.${dead.token}`;
  const mine = await acquire(right, deadline);
  try {
    const now = await holderOf(lock);
    if (now?.owner.token !== dead.token || !isDead(now)) return false;
    await withDraft(lock, owner, (draft) => rename(draft, lock));
    hold(lock, owner);
    return true;
  } finally {
    await release(right, mine);
  }
}

/** Creates the file with its text in one step; false where there is one. */
async function create(lock: string, owner: LockOwner): Promise<boolean> {
  try {
    await withDraft(lock, owner, (draft) => link(draft, lock));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!noLinks.has(codeOf(error) ?? '')) throw error;
    if (!(await createWithoutLink(lock, owner))) return false;
  }
  hold(lock, owner);
  return true;
}

/** What file systems without hard links say. */
const noLinks: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
]);

/** In two steps: until the second one the owner is unknown, and an unknown owner has time. */
const createWithoutLink = (lock: string, owner: LockOwner): Promise<boolean> =>
  writeFile(lock, JSON.stringify(owner), { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    },
  );

async function withDraft(
  lock: string,
  owner: LockOwner,
  use: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${lock}-${newOwner().token}`;
  try {
    await writeFile(draft, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    await use(draft);
  } finally {
    await rm(draft, { force: true });
  }
}

type Holder = { readonly owner: LockOwner; readonly ageMs: number };

const isDead = ({ owner, ageMs }: Holder): boolean => isLeftBehind(owner, sight(owner), ageMs);

async function holderOf(lock: string): Promise<Holder | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(lock, 'utf8'), stat(lock)]);
    return { owner: ownerIn(text), ageMs: Date.now() - mtimeMs };
  } catch (error) {
    // Its holder has just released it.
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function release(lock: string, { token }: LockOwner): Promise<void> {
  held.delete(lock);
  if ((await holderOf(lock))?.owner.token === token) await rm(lock, { force: true });
}

/** The locks of this process, for its end. */
const held = new Map<string, string>();
let endIsWatched = false;

function hold(lock: string, { token }: LockOwner): void {
  held.set(lock, token);
  if (endIsWatched) return;
  endIsWatched = true;
  process.once('exit', releaseAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      releaseAll();
      // This listener is gone: without another one the signal now ends the process.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
}

function releaseAll(): void {
  for (const [lock, token] of held) {
    try {
      if (ownerIn(readFileSync(lock, 'utf8')).token === token) rmSync(lock, { force: true });
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
    }
  }
  held.clear();
}
