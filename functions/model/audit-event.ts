import type { LimitName } from './limits.ts';

/**
 * What a security reviewer asks for later. An event has identities and codes: no secret, no text
 * that was written outside.
 */
export type AuditEvent =
  | { readonly kind: 'signInCompleted'; readonly person: PersonId; readonly serverUid: string }
  | {
      readonly kind: 'signInRefused';
      /** Absent: a callback that belongs to no sign-in. */
      readonly person?: PersonId;
      readonly serverUid?: string;
      readonly reason: SignInRefusal;
    }
  | { readonly kind: 'signedOut'; readonly person: PersonId; readonly serverUid: string }
  | { readonly kind: 'signedOutEverywhere'; readonly person: PersonId }
  | { readonly kind: 'clientRegistered'; readonly issuer: string }
  | ({ readonly kind: 'forwardingRefused' } & SsoRefusal)
  | ({ readonly kind: 'exchangeRefused' } & SsoRefusal)
  | { readonly kind: 'limitReached'; readonly person: PersonId; readonly limit: LimitName }
  | {
      readonly kind: 'rowUnreadable';
      readonly person?: PersonId;
      readonly serverUid?: string;
      readonly reason: 'sealed' | 'malformed';
    }
  | {
      readonly kind: 'tokenReleased';
      readonly person: PersonId;
      readonly serverUid: string;
      /** Key of the machine that got it. */
      readonly thumbprint: string;
      /** Without those that repeat a part of the token. */
      readonly scopes: readonly string[];
      readonly expiresAt?: Date;
      /** The token was refreshed for this release. */
      readonly refreshed: boolean;
    }
  | { readonly kind: 'keyEnrolled'; readonly person: PersonId; readonly thumbprint: string }
  | { readonly kind: 'keyRemoved'; readonly person: PersonId; readonly thumbprint: string }
  | {
      readonly kind: 'proofRefused';
      readonly person: PersonId;
      readonly reason: ProofRefusal;
    };

/** The identity of a person; a log line has only its digest. */
type PersonId = { readonly issuer: string; readonly subject: string };

/**
 * `notStarted`: the server or its issuer cannot be signed in to. `policy`: the server gets no tokens,
 * whatever the person does. `declined`: the person or the issuer said no in the browser.
 * `anotherIssuer`: the answer does not name the issuer that was asked (RFC 9207). `unknownState`, `unknownSecret`: used before, expired, of another
 * person or made up. `serverChanged`: another URL since the start. `byIssuer`: the code was refused.
 */
export type SignInRefusal =
  | 'notStarted'
  | 'policy'
  | 'anotherIssuer'
  | 'declined'
  | 'unknownState'
  | 'unknownSecret'
  | 'serverChanged'
  | 'byIssuer';

/** `noKey` is also a sign-in with `--device`, which can only read. */
export type ProofRefusal = 'noKey' | 'unknownKey' | 'invalid' | 'usedBefore' | 'notEnrolled';

type SsoRefusal = {
  readonly person: PersonId;
  readonly serverUid: string;
  /** The owner's settings, the server, or the issuer of the exchange. */
  readonly reason: 'policy' | 'server' | 'issuer';
};

export type Audit = (event: AuditEvent) => void;

/** What each event means and which fields its line has; `docs/` prints this table. */
export const auditEvents = {
  signInCompleted: {
    meaning: 'A person completed a sign-in to a server.',
    fields: ['person', 'server'],
  },
  signInRefused: {
    meaning: 'A sign-in was not started or not completed.',
    fields: ['person', 'server', 'reason'],
  },
  signedOut: { meaning: 'A person signed out of a server.', fields: ['person', 'server'] },
  signedOutEverywhere: { meaning: 'A person signed out of all servers.', fields: ['person'] },
  clientRegistered: {
    meaning: 'The endpoint registered itself at the issuer of a server.',
    fields: ['issuer'],
  },
  forwardingRefused: {
    meaning: "A person's token was not forwarded to a server, or the server refused it.",
    fields: ['person', 'server', 'reason'],
  },
  exchangeRefused: {
    meaning: "A person's token was not exchanged, or the exchanged token was refused.",
    fields: ['person', 'server', 'reason'],
  },
  limitReached: {
    meaning: 'A person reached a limit. One line for each process and window.',
    fields: ['person', 'limit'],
  },
  rowUnreadable: {
    meaning: 'A row of the table does not decrypt or does not have its form.',
    fields: ['person', 'server', 'reason'],
  },
  tokenReleased: {
    meaning: "The access token of a session went to the person's machine (RELEASE_TOKENS).",
    fields: ['person', 'server', 'key', 'scopes', 'expiresAt', 'refreshed'],
  },
  keyEnrolled: { meaning: 'A person enrolled the key of a machine.', fields: ['person', 'key'] },
  keyRemoved: { meaning: 'A person removed the key of a machine.', fields: ['person', 'key'] },
  proofRefused: {
    meaning: "A request with a person's token had no valid proof by one of the person's machines.",
    fields: ['person', 'reason'],
  },
} as const satisfies Record<AuditEvent['kind'], AuditMeaning>;

type AuditMeaning = {
  readonly meaning: string;
  readonly fields: readonly (
    | 'person'
    | 'server'
    | 'issuer'
    | 'reason'
    | 'limit'
    | 'key'
    | 'scopes'
    | 'expiresAt'
    | 'refreshed'
  )[];
};
