/**
 * The `resource` (RFC 8707, section 2) of a server that names none itself: its address without
 * fragment, credentials and query. A query can hold a key, and `resource` is in the address that
 * the browser opens.
 */
export function resourceOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
