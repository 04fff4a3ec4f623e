import type { Stage } from '../../model/wire/check-wire.ts';
import type { Cause, ProbeOutcome, Timings } from '../../reachability/outcome.ts';
import { NameFailure } from './connect.ts';
import { ExchangeFailure, type FailureCode } from './exchange-failure.ts';
import { RefusedByPolicy } from './guard.ts';
import { UnreachableThroughProxy } from './proxy.ts';
import { ProberError } from './prober-error.ts';
import { codeOf, ourExhaustion } from './socket-error.ts';
import { tlsCauseOf } from './tls-error.ts';

/** The reason that the deadline of a probe gives to its signal. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/**
 * What an error means that ended an exchange at `stage`: thrown by `connect`, `exchange`, or the
 * probe's own deadline. Throws what is no error of the network.
 */
export function outcomeOf(error: unknown, stage: Stage, timings: Timings): ProbeOutcome {
  const unreachable = (cause: Cause, detail: string): ProbeOutcome => ({
    kind: 'unreachable',
    stage,
    cause,
    detail,
    timings,
  });
  if (error instanceof RefusedByPolicy)
    return { kind: 'refusedByPolicy', message: error.rule, timings };
  if (error instanceof DeadlinePassed)
    return unreachable(stage === 'dns' ? 'resolverFailed' : 'timeout', error.message);
  if (error instanceof NameFailure) return nameFailure(error, stage, timings);
  if (error instanceof ExchangeFailure)
    return exchangeFailure(error.code, timings, (cause) => unreachable(cause, error.code));
  if (!(error instanceof Error) || isProgrammingError(error)) throw error;
  if (error instanceof ProberError)
    return { kind: 'proberTrouble', detail: error.message, timings };
  const code = codeOf(error);
  if (ourExhaustion.has(code))
    return { kind: 'proberTrouble', detail: `${code}: ${error.message}`, timings };
  return unreachable(causeOf(error, stage), detailOf(error));
}

/** A mistake in our own code. Those of Node that have a code say what a peer did. */
const isProgrammingError = (error: Error): boolean =>
  codeOf(error) === '' &&
  (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError);

function exchangeFailure(
  code: FailureCode,
  timings: Timings,
  unreachable: (cause: Cause) => ProbeOutcome,
): ProbeOutcome {
  switch (code) {
    case 'CLOSED_WITHOUT_ANSWER':
      return unreachable('reset');
    case 'NOT_HTTP':
    case 'ONLY_HTTP2':
      return unreachable('notHttp');
    case 'HEAD_TOO_LARGE':
      return { kind: 'headersTooLarge', timings };
    case 'UNUSABLE_REQUEST':
      return { kind: 'unusable', message: 'spec.url or spec.headers cannot be sent', timings };
  }
}

function nameFailure({ resolution }: NameFailure, stage: Stage, timings: Timings): ProbeOutcome {
  switch (resolution.kind) {
    case 'notFound':
      return {
        kind: 'unreachable',
        stage,
        cause: 'nameNotFound',
        detail: resolution.detail,
        timings,
      };
    case 'failed':
      return {
        kind: 'unreachable',
        stage,
        cause: 'resolverFailed',
        detail: resolution.detail,
        timings,
      };
    case 'unavailable':
      return { kind: 'proberTrouble', detail: resolution.detail, timings };
    case 'unusable':
      return {
        kind: 'unusable',
        message: 'the host of spec.url is not a valid name',
        timings,
      };
  }
}

/**
 * Why a server could not be asked. Every error has a cause, known or not: once the connection
 * stands, a server decides what we read, and no bytes of its own may pass for a prober error, which
 * would leave its STATE as it was. Names, codes and messages are those of Node 24.
 */
function causeOf(error: Error, stage: Stage): Cause {
  if (error instanceof UnreachableThroughProxy)
    return error.status === 504 ? 'timeout' : 'unreachable';
  const code = codeOf(error);
  return causes[code] ?? tlsCauseOf(error, code, stage) ?? unknownCauses[stage];
}

const unknownCauses: Readonly<Record<Stage, Cause>> = {
  dns: 'resolverFailed',
  tcp: 'unreachable',
  tls: 'tlsUntrusted',
  headers: 'notHttp',
  redirects: 'notHttp',
  discover: 'notHttp',
};

const causes: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ERR_HTTP2_STREAM_ERROR: 'reset',
  ERR_HTTP2_SESSION_ERROR: 'reset',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable', // a prohibit route
  EPERM: 'unreachable', // a firewall on the way out
  EINVAL: 'unreachable', // a blackhole route
  ETIMEDOUT: 'timeout',
};

// OpenSSL speaks in whole sentences in one case only: a certificate whose code has no name in Node.
const detailOf = (error: Error): string => {
  const code = codeOf(error);
  return code === '' || code === 'UNSPECIFIED' ? error.message : code;
};
