import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { codeOf } from './private-file.ts';

/** Who holds a lock, as its file says. */
export type LockOwner = {
  /** Random: no two holds are the same. */
  readonly token: string;
  readonly pid: number;
  /** Host and process namespace: a pid means nothing elsewhere. */
  readonly machine: string;
  /** When the process started, in ticks since the boot; empty where the system does not say. */
  readonly started: string;
};

/** What a process can find out about an owner. */
export type Sighting =
  /** Of this machine: whether its process runs, and since when. */
  | { readonly kind: 'here'; readonly runs: boolean; readonly started: string }
  | { readonly kind: 'elsewhere' }
  /** The file does not say who. */
  | { readonly kind: 'unknown' };

/** Longer than any holder needs: two requests of 15 s each, and then some. */
const foreignStaleMs = 120_000;
/** A process of this machine that runs, but may be another one with the same number. */
const reusedStaleMs = 600_000;

/**
 * Whether a lock was left behind by a process that ended without releasing it. The process decides
 * where it can be seen; the age decides only where it cannot. A process that is merely stopped
 * still holds its lock.
 */
export function isLeftBehind(
  owner: Pick<LockOwner, 'started'>,
  seen: Sighting,
  ageMs: number,
): boolean {
  switch (seen.kind) {
    case 'here':
      if (!seen.runs) return true;
      return owner.started !== '' && seen.started !== ''
        ? owner.started !== seen.started
        : ageMs > reusedStaleMs;
    case 'elsewhere':
    case 'unknown':
      return ageMs > foreignStaleMs;
  }
}

/** This process, as the owner of one more lock. */
export const newOwner = (): LockOwner => ({
  token: randomBytes(12).toString('hex'),
  pid: process.pid,
  machine: thisMachine(),
  started: startOf(process.pid),
});

export function sight({ pid, machine }: LockOwner): Sighting {
  if (pid === 0) return { kind: 'unknown' };
  if (machine !== thisMachine()) return { kind: 'elsewhere' };
  return { kind: 'here', runs: isRunning(pid) && stateOf(pid) !== 'Z', started: startOf(pid) };
}

/** The owner in the text of a lock; pid 0 where it does not say. */
export function ownerIn(text: string): LockOwner {
  const said = parseJson(text);
  if (isRecord(said)) {
    const { token, pid, machine, started } = said;
    if (
      typeof token === 'string' &&
      /^[0-9a-f]{24}$/.test(token) &&
      typeof pid === 'number' &&
      Number.isInteger(pid) &&
      pid > 0 &&
      typeof machine === 'string' &&
      typeof started === 'string'
    )
      return { token, pid, machine, started };
  }
  return { token: 'unknown', pid: 0, machine: '', started: '' };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return codeOf(error) !== 'ESRCH';
  }
}

/** Fields 3 and 22 of /proc/PID/stat. A zombie has ended, but its parent has not asked. */
const stateOf = (pid: number): string => statOf(pid)[0] ?? '';
const startOf = (pid: number): string => statOf(pid)[19] ?? '';

/** The fields behind the name, which may hold blanks and brackets. */
function statOf(pid: number): readonly string[] {
  const stat = readOr(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const thisMachine = (): string =>
  `${hostname()} ${readOr(() => readlinkSync('/proc/self/ns/pid'))}`;

/** Other systems than Linux have no /proc. */
function readOr(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return '';
  }
}
