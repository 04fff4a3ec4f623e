/** What may be true of a server, what a probe then sees, and what its status then has to say. */
import type { ProbeOutcome } from '../../functions/reachability/outcome.ts';
import { defined } from '../../functions/model/defined.ts';

export const conditions = [
  'open',
  'signIn',
  'forbidden',
  'refused',
  'reset',
  'hangs',
  'gateway',
  'rateLimited',
  'nameless',
  'tlsExpired',
  'blocked',
  'notFound',
  'serverError',
  'flapping',
] as const;
export type Condition = (typeof conditions)[number];

/** A condition, and the `Retry-After` that comes with it. */
export type Truth = { readonly is: Condition; readonly retryAfterSeconds?: number };

type Seen = { readonly outcome: ProbeOutcome; readonly ms: number };

const hangMs = 10_000;
const flapMs = 60_000;

/** The outcome of a probe that begins at `time`, and how long it takes. */
export function seen({ is, retryAfterSeconds }: Truth, time: number, classify: boolean): Seen {
  const quick = { tcp: 1, headers: 40 };
  const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
  const answered = (status: number, more: object = {}): Seen => ({
    ms: 41,
    outcome: defined({
      kind: 'answered',
      status,
      bearerChallenge: status === 401 || status === 403,
      timings: quick,
      retryAfterMs,
      ...more,
    }),
  });
  const mcp = (more: object): object => (classify ? more : {});
  const unreachable = (
    cause: Extract<ProbeOutcome, { kind: 'unreachable' }>['cause'],
    stage: 'dns' | 'tcp' | 'tls' | 'headers',
    ms = 5,
  ): Seen => ({
    ms,
    outcome: { kind: 'unreachable', cause, stage, detail: cause, timings: { [stage]: ms } },
  });
  switch (is) {
    case 'open':
      return answered(200, mcp({ classification: 'asksForNothing', speaksMcp: 'True' }));
    case 'signIn':
      return answered(401);
    case 'forbidden':
      return answered(403);
    case 'refused':
      return unreachable('refused', 'tcp');
    case 'reset':
      return unreachable('reset', 'headers');
    case 'hangs':
      return unreachable('timeout', 'headers', hangMs);
    case 'gateway':
      return answered(503);
    case 'rateLimited':
      return answered(429, mcp({ classification: 'unanswered', speaksMcp: 'Unknown' }));
    case 'nameless':
      return unreachable('nameNotFound', 'dns');
    case 'tlsExpired':
      return unreachable('tlsExpired', 'tls');
    case 'blocked':
      return {
        ms: 1,
        outcome: { kind: 'refusedByPolicy', message: 'the address is private', timings: {} },
      };
    case 'notFound':
      return answered(404, mcp({ classification: 'unclear', speaksMcp: 'False' }));
    case 'serverError':
      return answered(500, mcp({ classification: 'unanswered', speaksMcp: 'Unknown' }));
    case 'flapping':
      return Math.floor(time / flapMs) % 2 === 0 ? unreachable('refused', 'tcp') : answered(401);
  }
}

/** STATE, and the reasons of `Reachable` that are right. */
export const settled: Readonly<
  Record<
    Exclude<Condition, 'flapping'>,
    { readonly state: 'Connected' | 'Failed'; readonly reasons: readonly string[] }
  >
> = {
  open: { state: 'Connected', reasons: ['Responded'] },
  signIn: { state: 'Connected', reasons: ['AuthenticationRequired'] },
  forbidden: { state: 'Connected', reasons: ['AuthenticationRequired'] },
  refused: { state: 'Failed', reasons: ['ConnectionRefused'] },
  reset: { state: 'Failed', reasons: ['ConnectionReset'] },
  hangs: { state: 'Failed', reasons: ['Timeout'] },
  gateway: { state: 'Failed', reasons: ['UpstreamUnavailable'] },
  rateLimited: { state: 'Connected', reasons: ['RateLimited'] },
  nameless: { state: 'Failed', reasons: ['DNSFailure'] },
  tlsExpired: { state: 'Failed', reasons: ['TLSExpired'] },
  blocked: { state: 'Failed', reasons: ['BlockedByPolicy'] },
  // A 404 to the GET of a server whose POST was answered before is looked at again within 12 hours.
  notFound: { state: 'Connected', reasons: ['EndpointNotFound', 'Responded'] },
  serverError: { state: 'Connected', reasons: ['ServerError'] },
};

/** A sign-in is looked for again at once after these, and else twice a day. */
export const saysNothingOfSignIn: ReadonlySet<Condition> = new Set([
  'notFound',
  'serverError',
  'rateLimited',
]);
