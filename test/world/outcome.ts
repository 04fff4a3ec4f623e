import type { Cause, ProbeOutcome } from '../../functions/reachability/outcome.ts';

/** A probe that was answered and found nothing special. */
export const anAnswer = {
  kind: 'answered',
  status: 200,
  bearerChallenge: false,
  timings: {},
} as const satisfies ProbeOutcome;

/** A probe that got no answer; say only what matters. */
export const aFailure = (
  cause: Cause,
  facts: Partial<Extract<ProbeOutcome, { kind: 'unreachable' }>> = {},
): ProbeOutcome => ({
  kind: 'unreachable',
  stage: 'tcp',
  cause,
  detail: '',
  timings: {},
  ...facts,
});
