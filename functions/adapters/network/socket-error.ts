import { RefusedByPolicy } from './guard.ts';

/** What this machine has run out of: it says nothing about a server. */
export const ourExhaustion: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'ERR_MEMORY_ALLOCATION_FAILED',
]);

/** This machine has no way to an address of that family. */
export const noRoute: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL']);

/** The code of an error, such as `ECONNREFUSED`; empty without one. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/**
 * Of the errors of several addresses of one server, the one that says most about it. An address
 * that was not tried for lack of descriptors or memory may have worked, so that comes first.
 */
export function mostTelling(errors: readonly unknown[]): unknown {
  const rank = (error: unknown): number => {
    const code = codeOf(error);
    if (error instanceof RefusedByPolicy) return 0;
    if (noRoute.has(code)) return 1;
    if (code === 'EHOSTUNREACH') return 2;
    if (code === 'ETIMEDOUT') return 3;
    return ourExhaustion.has(code) ? 5 : 4;
  };
  return errors.reduce((best, error) => (rank(error) > rank(best) ? error : best), errors[0]);
}
