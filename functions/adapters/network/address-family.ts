import { networkInterfaces } from 'node:os';

const readAgainMs = 10_000;
let readAt = -Infinity;
let isSix = false;

/**
 * Whether connections over IPv6 come first: only where this machine has a global IPv6 address. RFC
 * 6724, section 6, rule 1 avoids unusable destinations; functions on Lambda have no IPv6.
 */
export function prefersIPv6(): boolean {
  if (performance.now() - readAt > readAgainMs) {
    readAt = performance.now();
    isSix = hasGlobalIPv6(networkInterfaces());
  }
  return isSix;
}

/** 2000::/3 is all that is global (RFC 4291, section 2.4). */
export const hasGlobalIPv6 = (interfaces: ReturnType<typeof networkInterfaces>): boolean =>
  Object.values(interfaces).some((addresses) =>
    addresses?.some(
      ({ family, internal, address }) =>
        family === 'IPv6' && !internal && /^[23]/.test(address) && address.includes(':'),
    ),
  );
