/**
 * A pause after a failure: while an issuer or an API server is down, requests to it are refused
 * here at once, and one request at a time finds out whether it is back.
 */
export type CircuitState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: Date }
  /** One request is on its way. It counts as lost at `until`. */
  | { readonly kind: 'probing'; readonly until: Date };

export type CircuitRules = {
  /** So many failures in a row open the circuit. */
  readonly failures: number;
  readonly pauseMs: number;
};

export const closedCircuit: CircuitState = { kind: 'closed', failures: 0 };

export type Admission =
  | { readonly kind: 'admitted'; readonly next: CircuitState }
  | { readonly kind: 'paused'; readonly retryAfterMs: number };

/** Whether a request may go out now. */
export function admit(state: CircuitState, { pauseMs }: CircuitRules, now: Date): Admission {
  if (state.kind === 'closed') return { kind: 'admitted', next: state };
  const leftMs = state.until.getTime() - now.getTime();
  return leftMs > 0
    ? { kind: 'paused', retryAfterMs: leftMs }
    : { kind: 'admitted', next: { kind: 'probing', until: new Date(now.getTime() + pauseMs) } };
}

/** The state after a request has ended. */
export function afterRequest(
  state: CircuitState,
  outcome: 'worked' | 'failed',
  { failures: most, pauseMs }: CircuitRules,
  now: Date,
): CircuitState {
  if (outcome === 'worked') return closedCircuit;
  const failures = state.kind === 'closed' ? state.failures + 1 : most;
  return failures >= most
    ? { kind: 'open', until: new Date(now.getTime() + pauseMs) }
    : { kind: 'closed', failures };
}

/** The request was not sent: one before it has failed. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super(`Requests are paused for ${Math.ceil(retryAfterMs / 1_000)} s after a failure.`);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Runs a request, or throws `CircuitOpen` without running it. `isDown` says whether an error means
 * that the other side is down; any other end of a request shows that it is up.
 */
export type Circuit = <Answer>(
  request: () => Promise<Answer>,
  isDown?: (error: unknown) => boolean,
) => Promise<Answer>;

export const pauseMs = 10_000;

export function circuit(rules: CircuitRules, now: () => Date): Circuit {
  let state = closedCircuit;
  return async (request, isDown = () => true) => {
    const admission = admit(state, rules, now());
    if (admission.kind === 'paused') throw new CircuitOpen(admission.retryAfterMs);
    state = admission.next;
    try {
      const answer = await request();
      state = afterRequest(state, 'worked', rules, now());
      return answer;
    } catch (error) {
      state = afterRequest(state, isDown(error) ? 'failed' : 'worked', rules, now());
      throw error;
    }
  };
}
