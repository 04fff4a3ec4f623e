import { parseAccept } from 'hono/utils/accept';

/**
 * Whether a caller reads gzip at least as well as what is not encoded, by its `Accept-Encoding`
 * (RFC 9110, section 12.5.3).
 */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  const codings = parseAccept(header);
  const quality = (...names: readonly string[]): number | undefined =>
    codings.find(({ type }) => names.includes(type.toLowerCase()))?.q;
  const gzip = quality('gzip', 'x-gzip') ?? quality('*') ?? 0;
  return gzip > 0 && gzip >= (quality('identity') ?? 0);
}
