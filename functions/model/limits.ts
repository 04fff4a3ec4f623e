type Limit = {
  /** What is counted, as a person reads it: `checks`. */
  readonly what: string;
  /** Whose uses are counted together. */
  readonly per: 'person' | 'personAndServer';
  /** So many uses in one window. Windows begin at multiples of their length. */
  readonly count: number;
  readonly windowSeconds: number;
  /**
   * While the table does not answer: `processOnly` counts in the process that answers, because
   * reading must go on; `refused` is for what the table has to store anyway.
   */
  readonly withoutTable: 'processOnly' | 'refused';
};

/** What each person may do how often, all processes together; `docs/` prints this table. */
export const limits = {
  check: {
    what: 'checks',
    per: 'person',
    count: 10,
    windowSeconds: 60,
    withoutTable: 'processOnly',
  },
  signInStart: {
    what: 'sign-in starts',
    per: 'person',
    count: 60,
    windowSeconds: 600,
    withoutTable: 'refused',
  },
  // `muster auth status --verify` verifies a thousand servers in one run.
  verification: {
    what: 'verifications',
    per: 'person',
    count: 1_500,
    windowSeconds: 600,
    withoutTable: 'refused',
  },
  // A person with many namespaces: each process asks the cluster for each of them once a minute.
  accessReview: {
    what: 'requests for new namespaces',
    per: 'person',
    count: 3_000,
    windowSeconds: 600,
    withoutTable: 'processOnly',
  },
  // Registrations are forever at most issuers, and each one shows a new consent page.
  newClient: {
    what: 'new registrations after a sign-in without an answer',
    per: 'person',
    count: 5,
    windowSeconds: 3_600,
    withoutTable: 'refused',
  },
  keyEnrollment: {
    // Each takes a sign-in at the issuer. A person who tries out a new machine signs in often.
    what: 'key enrollments',
    per: 'person',
    count: 60,
    windowSeconds: 3_600,
    withoutTable: 'refused',
  },
  // Six clients on one machine, each with tokens that last two minutes.
  tokenRelease: {
    what: 'token requests',
    per: 'personAndServer',
    count: 30,
    windowSeconds: 600,
    withoutTable: 'refused',
  },
  // A server that refuses good tokens must not use up what its issuer allows.
  forcedRefresh: {
    what: 'refreshes after a refused token',
    per: 'personAndServer',
    count: 6,
    windowSeconds: 600,
    withoutTable: 'refused',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
/** Counted for each person and server together. */
export type ServerLimitName = {
  [Name in LimitName]: (typeof limits)[Name]['per'] extends 'personAndServer' ? Name : never;
}[LimitName];
/** Counted for each person. */
export type PersonLimitName = Exclude<LimitName, ServerLimitName>;

/** Lists without a token, by all callers of one process together. */
export const anonymousLists = { count: 300, windowSeconds: 60 } as const;

/**
 * Starts and completions of sign-ins on the live page, by all callers of one process together: there
 * is no person yet, and behind a CDN many people come from one address.
 */
export const liveSignIns = { count: 120, windowSeconds: 60 } as const;

export type LimitWindow = { readonly startsAt: Date; readonly endsAt: Date };

/** The fixed window that `now` is in: all processes agree on it without asking each other. */
export function windowAt(windowSeconds: number, now: Date): LimitWindow {
  const lengthMs = windowSeconds * 1_000;
  const start = Math.floor(now.getTime() / lengthMs) * lengthMs;
  return { startsAt: new Date(start), endsAt: new Date(start + lengthMs) };
}
