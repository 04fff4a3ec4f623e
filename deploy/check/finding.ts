/** What a check found, for the person who deploys. */

export const subjects = [
  'arguments',
  'identity',
  'region',
  'secrets',
  'cluster',
  'rights',
  'issuer',
  'environment',
  'concurrency',
  'names',
] as const;
export type Subject = (typeof subjects)[number];

export type Finding = {
  readonly kind: /** It holds. */
    | 'ok'
    /** The deployment would fail, or not work. */
    | 'problem'
    /** It would work, but not as well as it should. */
    | 'warning'
    /** It could not be checked from here, or not yet. */
    | 'unknown';
  readonly subject: Subject;
  /** One sentence or two: what holds, or what happened. */
  readonly text: string;
  /** What to do next, with the command. */
  readonly hint?: string;
};

/** Makes the findings of one subject. */
export const findingsOf = (subject: Subject) => ({
  ok: (text: string): Finding => ({ kind: 'ok', subject, text }),
  problem: (text: string, hint: string): Finding => ({ kind: 'problem', subject, text, hint }),
  warning: (text: string, hint: string): Finding => ({ kind: 'warning', subject, text, hint }),
  unknown: (text: string, hint: string): Finding => ({ kind: 'unknown', subject, text, hint }),
});
