import { describe, expect, test } from 'vitest';
import type { Grant } from '../../../functions/sessions/grant.ts';
import { join } from '../../../functions/sessions/join.ts';
import { aGrant, allowed, protectedServer, now } from './build.ts';
import { anAuth } from '../../world/server.ts';
import { aPerson } from '../../world/person.ts';

const a = protectedServer();
const b = protectedServer({ name: 'server-b', uid: 'uid-b' });

const words = (sessions: ReturnType<typeof join>) =>
  Object.fromEntries([...sessions].map(([uid, { status }]) => [uid, status]));

test('each server gets its own session', () => {
  expect(words(join([a, b], aPerson(), [aGrant()], now))).toEqual({
    'uid-a': 'Authenticated',
    'uid-b': 'Pending Auth',
  });
});

test('what the owner allows counts for each session', () => {
  const forwarding = protectedServer({ auth: anAuth({ forwardToken: true }) });
  expect(words(join([forwarding], aPerson(), [], now))).toEqual({ 'uid-a': 'Pending Auth' });
  expect(words(join([forwarding], aPerson(), [], now, allowed))).toEqual({
    'uid-a': 'Authenticated',
  });
});

describe('a server that was deleted and created again', () => {
  const again = protectedServer({ uid: 'uid-new' });
  const why = 'The server was deleted and created again after you signed in.';
  const sessionWith = (...grants: readonly Grant[]) =>
    join([again], aPerson(), grants, now).get('uid-new');

  test('requires a new sign-in, and the old grant gives nothing but the reason', () => {
    expect(sessionWith(aGrant())).toEqual({
      status: 'Pending Auth',
      message: why,
      hint: 'muster auth login --server server-a',
    });
  });
  test('is told from one that a person never signed in to', () => {
    expect(sessionWith()).not.toHaveProperty('message');
    expect(sessionWith(aGrant({ serverName: 'default/server-b' }))).not.toHaveProperty('message');
    expect(sessionWith(aGrant({ serverName: 'other/server-a' }))).not.toHaveProperty('message');
  });
  test('has no reason left once the person has signed in to it again, in any order', () => {
    const fresh = aGrant({ serverUid: 'uid-new' });
    for (const grants of [
      [aGrant(), fresh],
      [fresh, aGrant()],
    ]) {
      expect(sessionWith(...grants)).toMatchObject({ status: 'Authenticated' });
      expect(sessionWith(...grants)).not.toHaveProperty('message');
    }
  });
  test('shows nothing of the sign-in of another person', () => {
    const person = { issuer: 'https://login.example.com', subject: 'grace' };
    expect(sessionWith(aGrant({ person }))).not.toHaveProperty('message');
  });
  test('has no session while it cannot be reached', () => {
    const down = protectedServer({ uid: 'uid-new', state: 'Failed' });
    expect(join([down], aPerson(), [aGrant()], now).get('uid-new')).toEqual({ status: '-' });
  });
});

test('a grant of a deleted server is not shown', () => {
  expect(words(join([b], aPerson(), [aGrant()], now))).toEqual({ 'uid-b': 'Pending Auth' });
});

test('the next command tells servers of the same name apart', () => {
  const twin = protectedServer({ namespace: 'other', uid: 'uid-twin' });
  const sessions = join([a, b, twin], aPerson(), [], now);
  expect(sessions.get('uid-a')?.hint).toBe('muster auth login --server default/server-a');
  expect(sessions.get('uid-twin')?.hint).toBe('muster auth login --server other/server-a');
  expect(sessions.get('uid-b')?.hint).toBe('muster auth login --server server-b');
});
