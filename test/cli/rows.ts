import type { Row, Session } from '../../functions/model/wire/server-wire.ts';

export const now = new Date('2026-11-22T12:00:00Z');

/** A row that mentions only what matters. */
export const aRow = (facts: Partial<Row> = {}): Row => ({
  namespace: 'default',
  name: 'server-a',
  uid: `uid-of-${facts.namespace ?? 'default'}-${facts.name ?? 'server-a'}`,
  type: 'streamable-http',
  autoStart: false,
  timeoutSeconds: 30,
  state: 'Connected',
  reason: 'Responded',
  authRequired: 'Unknown',
  speaksMcp: 'Unknown',
  conditions: [],
  consecutiveFailures: 0,
  stale: false,
  ...facts,
});

export const aSession = (facts: Partial<Session> = {}): Session => ({
  status: 'Authenticated',
  ...facts,
});

/** The three servers of the seed: signed in, not signed in, away. */
export const seed: readonly Row[] = [
  aRow({
    name: 'server-c',
    state: 'Failed',
    reason: 'ConnectionRefused',
    session: aSession({ status: '-' }),
  }),
  aRow({ name: 'server-a', session: aSession() }),
  aRow({
    name: 'server-b',
    session: aSession({ status: 'Pending Auth', hint: 'muster auth login --server server-b' }),
  }),
];
