/** What the two halves know of addresses: each has its own library for them. */
export type AddressRules = {
  readonly isAddress: (text: string) => boolean;
  /** Whether an address is in this range (CIDR). False for a range that is none. */
  readonly isWithin: (address: string, range: string, bits: number) => boolean;
};

/**
 * Whether an entry of `NO_PROXY` is about this host: `*`, a name and everything below it (with or
 * without a dot before it), an address, a CIDR range; each but the last with a port or without.
 * There is no standard: this is what curl and Go share.
 */
export function isExcepted(
  entry: string,
  { hostname, port }: { readonly hostname: string; readonly port: number },
  { isAddress, isWithin }: AddressRules,
): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const host = bare(hostname).toLowerCase();
  const [range = '', bits] = entry.split('/');
  if (bits !== undefined) return isAddress(host) && isWithin(host, bare(range), Number(bits));
  const [, name = entry, only] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const wanted = bare(name.replace(/^\*?\.+/, '')).toLowerCase();
  if (isAddress(host) || isAddress(wanted)) return host === wanted;
  return host === wanted || host.endsWith(`.${wanted}`);
}

/** Without the brackets of IPv6, and without the dot that ends a name. */
const bare = (host: string): string => host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
