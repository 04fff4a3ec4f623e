import { expect, test } from 'vitest';
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

test('a re-created server of the same name asks again', () => {
  const again = protectedServer({ uid: 'uid-new' });
  expect(words(join([again], aPerson(), [aGrant()], now))).toEqual({ 'uid-new': 'Pending Auth' });
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
