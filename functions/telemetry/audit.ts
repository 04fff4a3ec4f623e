import { createHash } from 'node:crypto';
import type { Audit, AuditEvent } from '../model/audit-event.ts';
import { defined } from '../model/defined.ts';
import type { LogLine } from '../model/log-line.ts';
import { oneLine } from '../model/outside-text.ts';

/** Writes each event as one log line, and counts it where `count` is given. */
export const auditTrail =
  (log: (line: LogLine) => void, count: (event: AuditEvent) => void = () => {}): Audit =>
  (event) => {
    log(auditLine(event));
    count(event);
  };

/**
 * The line of an event: its kind, digests of the person and the issuer, the uid of the server, and
 * codes. `personDigest` shows how to find the lines of one person.
 */
export function auditLine(event: AuditEvent): LogLine {
  const line = { message: 'audit', event: event.kind };
  switch (event.kind) {
    case 'signInCompleted':
    case 'signedOut':
      return { ...line, ...subjectsOf(event) };
    case 'signInRefused':
    case 'forwardingRefused':
    case 'exchangeRefused':
    case 'proofRefused':
    case 'rowUnreadable':
      return { ...line, level: 'warn', ...subjectsOf(event), reason: event.reason };
    case 'signedOutEverywhere':
      return { ...line, ...subjectsOf(event) };
    case 'clientRegistered':
      return { ...line, issuer: shortDigest(event.issuer) };
    case 'limitReached':
      return { ...line, level: 'warn', ...subjectsOf(event), limit: event.limit };
    case 'tokenReleased':
      return defined({
        ...line,
        ...subjectsOf(event),
        key: oneLine(event.thumbprint, 64),
        scopes: oneLine(event.scopes.join(' '), 300),
        expiresAt: event.expiresAt?.toISOString(),
        refreshed: event.refreshed,
      });
    case 'keyEnrolled':
    case 'keyRemoved':
      return { ...line, ...subjectsOf(event), key: oneLine(event.thumbprint, 64) };
  }
}

type Subjects = {
  readonly person?: { readonly issuer: string; readonly subject: string };
  readonly serverUid?: string;
};

const subjectsOf = ({ person, serverUid }: Subjects) =>
  defined({
    person: person && personDigest(person),
    server: serverUid === undefined ? undefined : oneLine(serverUid, 64),
  });

/** The same for the same person, and of no use to anyone who does not know the person already. */
export const personDigest = ({ issuer, subject }: NonNullable<Subjects['person']>): string =>
  shortDigest(JSON.stringify([issuer, subject]));

/** 16 characters of base64url are 96 bits: no two people share them by chance. */
const shortDigest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 16);
