import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { type AuditEvent, auditEvents } from '../../../functions/model/audit-event.ts';
import { auditLine, auditTrail, personDigest } from '../../../functions/telemetry/audit.ts';
import { auditCounter } from '../../../functions/telemetry/metrics.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const person = { issuer: 'https://issuer.example.com', subject: 'ada@example.com' };
const serverUid = '57508e3c-2538-42c6-be67-bed79567c888';
const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

/** One of each kind: the compiler finds a missing one. */
const one: { readonly [Kind in AuditEvent['kind']]: Extract<AuditEvent, { kind: Kind }> } = {
  signInCompleted: { kind: 'signInCompleted', person, serverUid },
  signInRefused: { kind: 'signInRefused', person, serverUid, reason: 'unknownSecret' },
  signedOut: { kind: 'signedOut', person, serverUid },
  signedOutEverywhere: { kind: 'signedOutEverywhere', person },
  clientRegistered: { kind: 'clientRegistered', issuer: 'https://issuer.example.com' },
  forwardingRefused: { kind: 'forwardingRefused', person, serverUid, reason: 'policy' },
  exchangeRefused: { kind: 'exchangeRefused', person, serverUid, reason: 'issuer' },
  limitReached: { kind: 'limitReached', person, limit: 'check' },
  rowUnreadable: { kind: 'rowUnreadable', person, serverUid, reason: 'sealed' },
  keyEnrolled: { kind: 'keyEnrolled', person, thumbprint },
  proofRefused: { kind: 'proofRefused', person, reason: 'usedBefore' },
  tokenReleased: {
    kind: 'tokenReleased',
    person,
    serverUid,
    thumbprint,
    scopes: ['mcp', 'offline_access'],
    expiresAt: new Date('2026-11-26T12:00:00Z'),
    refreshed: true,
  },
  keyRemoved: { kind: 'keyRemoved', person, thumbprint },
};

test.each(Object.values(one))('$kind is one line with the fields that the page lists', (event) => {
  const { message, event: kind, level: _level, ...fields } = auditLine(event);
  expect([message, kind]).toEqual(['audit', event.kind]);
  expect(Object.keys(fields).sort()).toEqual([...auditEvents[event.kind].fields].sort());
  const text = JSON.stringify(fields);
  expect(text).not.toMatch(/ada|example\.com/);
  for (const value of Object.values(fields)) expect(String(value)).toMatch(/^[\w :.-]{3,64}$/);
});

test('the digest of a person is that of the command on the page', () => {
  const text = '["https://issuer.example.com","ada"]';
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 16);
  expect(personDigest({ issuer: 'https://issuer.example.com', subject: 'ada' })).toBe(digest);
  expect(personDigest({ issuer: 'https://issuer.example.com', subject: 'bob' })).not.toBe(digest);
});

test('a server uid that is no uid forges no line', () => {
  const line = auditLine({ kind: 'signedOut', person, serverUid: `a\n{"message":"audit"}\u202E` });
  expect(String(line['server'])).toBe('a {"message":"audit"}');
});

test('each event is logged and counted once', () => {
  const lines: unknown[] = [];
  const counted: unknown[] = [];
  const audit = auditTrail(
    (line) => void lines.push(line),
    (event) => void counted.push(event.kind),
  );
  for (const event of Object.values(one)) audit(event);
  expect(lines).toHaveLength(Object.keys(one).length);
  expect(counted).toEqual(Object.keys(one));
});

test('limits, unreadable rows, released tokens and refused proofs are metrics; what anyone can cause is none', () => {
  const written: Record<string, unknown>[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation(
    (chunk) =>
      written.push(
        ...String(chunk)
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      ) > 0,
  );
  const count = auditCounter('muster-test');
  for (const event of Object.values(one)) count(event);
  for (const event of Object.values(one)) auditCounter(undefined)(event);
  expect(written).toEqual([
    expect.objectContaining({ service: 'api', LimitReachedCount: 1 }),
    expect.objectContaining({ service: 'api', UnreadableRowCount: 1 }),
    expect.objectContaining({ service: 'api', ProofRefusedCount: 1 }),
    expect.objectContaining({ service: 'api', TokenReleasedCount: 1 }),
  ]);
  expect(JSON.stringify(written)).not.toMatch(/ada@|57508e3c/);
});
