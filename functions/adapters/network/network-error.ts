import { errors } from 'undici';
import type { Stage } from '../../model/wire.ts';
import type { Cause, ProbeOutcome, Timings } from '../../reachability/outcome.ts';
import { NameFailure, RefusedByPolicy } from './connect.ts';

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
  if (error instanceof errors.HeadersOverflowError) return { kind: 'headersTooLarge', timings };
  if (error instanceof errors.InvalidArgumentError)
    // Its own words may quote a value of spec.headers.
    return { kind: 'unusable', message: 'spec.url or spec.headers cannot be sent', timings };
  if (!(error instanceof Error)) throw error;
  const cause = causeOf(error);
  if (cause !== undefined) return unreachable(cause, codeOf(error) || error.message);
  const code = codeOf(error);
  if (code === '') throw error;
  // Once the connection stands, a server decides what we read: no bytes of its own may pass for a
  // prober error, which would leave its STATE as it was. A 101 that upgrades to nothing, for
  // example, fails an assertion in undici 8.
  if (stage === 'headers' && !proberCodes.has(code)) return unreachable('notHttp', code);
  return { kind: 'proberTrouble', detail: `${code}: ${error.message}`, timings };
}

/** What this machine has run out of. */
const proberCodes: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
]);

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

// Names, codes and messages as Node 24 and undici 8 give them; the numbers of AbortError and
// TimeoutError never get here.
function causeOf(error: Error): Cause | undefined {
  if (
    error.name === 'HTTPParserError' ||
    error instanceof errors.ResponseContentLengthMismatchError
  )
    return 'notHttp';
  if (error instanceof errors.SocketError)
    return error.message === 'bad upgrade' ? 'notHttp' : 'reset';
  const code = codeOf(error);
  return (
    causes[code] ?? (/^(ERR_SSL_|ERR_TLS_|CERT_|EPROTO$)/.test(code) ? 'tlsProtocol' : undefined)
  );
}

const causes: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable', // a prohibit route
  EPERM: 'unreachable', // a firewall on the way out
  EINVAL: 'unreachable', // a blackhole route
  ETIMEDOUT: 'timeout',
  CERT_HAS_EXPIRED: 'tlsExpired',
  CERT_NOT_YET_VALID: 'tlsNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tlsHostname',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tlsUntrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tlsUntrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tlsUntrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tlsUntrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tlsUntrusted',
  CERT_UNTRUSTED: 'tlsUntrusted',
  CERT_REVOKED: 'tlsUntrusted',
  CERT_SIGNATURE_FAILURE: 'tlsUntrusted',
  CERT_CHAIN_TOO_LONG: 'tlsUntrusted',
  INVALID_CA: 'tlsUntrusted',
  INVALID_PURPOSE: 'tlsUntrusted',
};

/**
 * The most useful code: of several addresses, one that is not only an address family without a
 * route on this machine.
 */
function codeOf(error: Error): string {
  if (error instanceof AggregateError) {
    const codes = error.errors.map((one: unknown) => (one instanceof Error ? codeOf(one) : ''));
    return codes.find((code) => code !== 'ENETUNREACH') ?? codes[0] ?? '';
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
